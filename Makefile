PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

# Everything is installed into $(VENV); constraints.txt names versions that are known to work
# together.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,starter,web,dev]'
	mkdir -p .dev && ln -sfn .. .dev/llmtui
	touch $@

.PHONY: demo test check dev screenshots clean

demo: $(VENV)/installed   ## install, make the demo database, tune a model on it, ask it questions
	$(BIN)/llmtui demo

test: $(VENV)/installed   ## install and run the tests
	$(BIN)/pytest

check: $(VENV)/installed  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

dev: $(VENV)/installed    ## an environment to work in
	@echo "Ready: . $(BIN)/activate"

screenshots: $(VENV)/installed  ## pictures of the app for README and docs
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) .dev build dist *.egg-info
