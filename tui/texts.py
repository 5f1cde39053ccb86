"""Every sentence of the app, in English and Chinese. `LLMTUI_LANG` or the locale chooses."""

from __future__ import annotations

import os

_TEXTS: dict[str, tuple[str, str]] = {
    "title": ("llmtui", "llmtui"),
    "home": ("Home", "首页"),
    "ask": ("Ask", "提问"),
    "tune": ("Tune", "训练"),
    "help": ("Help", "帮助"),
    "quit": ("Quit", "退出"),
    "back": ("Back", "返回"),
    "open": ("Open", "打开"),
    "start": ("Start / resume", "开始/继续"),
    "stop": ("Stop and keep", "停止并保留"),
    "run": ("Run SQL", "运行 SQL"),
    "accept": ("Accept", "采纳"),
    "cancel": ("Cancel", "取消"),
    "copy": ("Copy SQL", "复制 SQL"),
    "theme": ("Theme", "主题"),
    "demo": ("Demo database", "演示数据库"),
    "no_source": ("No database is open.", "还没有打开数据库。"),
    "open_one": (
        "Type the path of a database, data file or folder, choose a recent one, or press d for "
        "the demo.",
        "输入数据库、数据文件或文件夹的路径，选择最近打开过的，或按 d 打开演示数据库。",
    ),
    "path": ("path of a .duckdb, .sqlite, .csv, .parquet …", "数据库或数据文件的路径"),
    "recent": ("Recent", "最近"),
    "step1": ("Database", "数据库"),
    "step2": ("Instructions", "指令数据"),
    "step3": ("Fine-tuning", "微调"),
    "step4": ("Model", "模型"),
    "step5": ("Ask", "提问"),
    "reading": ("reading …", "正在读取……"),
    "tables": ("{tables} tables, {rows} rows", "{tables} 张表，{rows} 行"),
    "rows": ("{rows} rows", "{rows} 条"),
    "none_yet": ("none yet", "还没有"),
    "running": ("running now; press t to watch", "正在进行；按 t 查看"),
    "unfinished": ("unfinished; press t to go on", "未完成；按 t 继续"),
    "run_done": ("last run {run}", "最近一次 {run}"),
    "press_t": ("press t: llmtui does steps 2 to 4 by itself", "按 t：第 2 到 4 步自动完成"),
    "press_a": ("press a to ask in English or Chinese", "按 a，用中文或英文提问"),
    "question": ("Ask about your data, then Enter", "输入问题，按回车"),
    "loading": ("Loading the model …", "正在载入模型……"),
    "thinking": ("Thinking … Esc stops", "思考中……按 Esc 停止"),
    "no_model": (
        "There is no tuned model for this database yet. Press t and start tuning.",
        "这个数据库还没有训练好的模型。按 t 开始训练。",
    ),
    "sql_here": (
        "The SQL appears here; edit it and press F5 to run it.",
        "SQL 显示在这里；可以修改，按 F5 运行。",
    ),
    "result_one": ("1 row · {seconds:.2f} s", "1 行 · {seconds:.2f} 秒"),
    "result_line": ("{rows} rows · {seconds:.2f} s", "{rows} 行 · {seconds:.2f} 秒"),
    "cut": (" · cut, there are more", " · 已截断，还有更多"),
    "accepted": ("Kept as an instruction for the next tuning.", "已保存为指令，下次训练使用。"),
    "nothing_to_accept": ("Only SQL that ran can be accepted.", "只有运行成功的 SQL 才能采纳。"),
    "copied": ("Copied.", "已复制。"),
    "parsed": ("parsed", "可解析"),
    "read_only": ("read-only", "只读"),
    "bound": ("bound", "已绑定"),
    "ran": ("ran", "已运行"),
    "tune_idle": (
        "Press Enter: llmtui constructs instructions, fine-tunes, quantizes and evaluates. "
        "About a quarter of an hour on two cores.",
        "按回车：自动构造指令、微调、量化、评测。双核约一刻钟。",
    ),
    "tune_running": ("Running. You may close the app; it goes on.", "正在进行。关闭应用也会继续。"),
    "tune_died": (
        "It ended before it was done. Press Enter to go on from the last saved point.",
        "意外中断。按回车从上次保存处继续。",
    ),
    "tune_done": ("Done. Press a to ask.", "完成。按 a 提问。"),
    "tune_failed": ("It failed: {why}", "失败：{why}"),
    "goes_on": ("Tuning goes on in the background.", "训练在后台继续。"),
    "left": ("{time} left", "剩余 {time}"),
    "loss": ("loss", "损失"),
    "step": ("step", "步"),
    "stage_instructions": ("Instructions", "构造指令"),
    "stage_finetune": ("Fine-tune", "微调"),
    "stage_quantize": ("Quantize", "量化"),
    "stage_evaluate": ("Evaluate", "评测"),
    "keys": ("Keys", "按键"),
    "go_home": ("Go home", "回首页"),
    "go_ask": ("Ask a question", "提问"),
    "go_tune": ("Tune a model", "训练模型"),
}


def language() -> str:
    """ "zh" or "en"."""
    wanted = os.environ.get("LLMTUI_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return "zh" if wanted.lower().startswith("zh") else "en"


def t(key: str, **values: object) -> str:
    """The text of a key in the person's language, its {slots} filled."""
    english, chinese = _TEXTS[key]
    text = chinese if language() == "zh" else english
    return text.format(**values) if values else text
