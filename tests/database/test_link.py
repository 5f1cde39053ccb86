from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.database.fold import distance, key_of
from llmtui.workspace import paths

MUSIC = """
CREATE TABLE genre (genre_id INTEGER PRIMARY KEY, name VARCHAR);
CREATE TABLE artist (artist_id INTEGER PRIMARY KEY, name VARCHAR, country VARCHAR);
CREATE TABLE album (album_id INTEGER PRIMARY KEY, title VARCHAR,
    artist_id INTEGER REFERENCES artist(artist_id), genre_id INTEGER REFERENCES genre(genre_id));
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, first_name VARCHAR, last_name VARCHAR,
    city VARCHAR, state VARCHAR, zip VARCHAR, status VARCHAR, sex VARCHAR);
INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (3, 'Heavy Metal'), (4, 'Hip-Hop'), (5, 'Open');
INSERT INTO artist VALUES (1, 'Metallica', 'USA'), (2, 'Beyoncé', 'USA'), (3, 'Queen', 'UK'),
    (4, 'The Rolling Stones', 'UK'), (5, '周杰伦', 'Taiwan'), (6, 'Name', 'France');
INSERT INTO album VALUES (1, 'Black Album', 1, 3), (2, 'O''Brien''s Songs', 3, 1);
INSERT INTO customer VALUES
    (1, 'Ada', 'Smith', 'New York', 'NY', '10001', 'active', 'F'),
    (2, 'Bob', 'Edwards', 'Paris', 'CA', '90210', 'success', 'M'),
    (3, 'Cy', 'Edward', 'Calgary', 'TX', '94107', 'on hold', 'M');
"""


@pytest.fixture
def music(tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "music.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(MUSIC)
    with Database.open(file) as database:
        yield database


MENTIONED = [
    ("Show all rock albums", "genre.name = 'Rock'"),
    ("albums of the genre ROCK", "genre.name = 'Rock'"),
    ("heavy metal albums", "genre.name = 'Heavy Metal'"),
    ("How many hip hop albums are there?", "genre.name = 'Hip-Hop'"),
    ("What are Metallica's albums?", "artist.name = 'Metallica'"),
    ("albums by Metalica", "artist.name = 'Metallica'"),
    ("albums by Beyonce", "artist.name = 'Beyoncé'"),
    ("What did Stones record?", "artist.name = 'The Rolling Stones'"),
    ("the album 'o''brien''s songs'".replace("''", "'"), "album.title = 'O''Brien''s Songs'"),
    ("周杰伦有哪些专辑", "artist.name = '周杰伦'"),
    ("美国的歌手", "artist.country = 'USA'"),
    ("Which artists are American?", "artist.country = 'USA'"),
    ("artists from the United States", "artist.country = 'USA'"),
    ("客户在加利福尼亚的", "customer.state = 'CA'"),
    ("customers in California", "customer.state = 'CA'"),
    ("customers in NY", "customer.state = 'NY'"),
    ("successful customers", "customer.status = 'success'"),
    ("customers that are On Hold", "customer.status = 'on hold'"),
    ("female customers", "customer.sex = 'F'"),
    ("albums of the genre 'open'", "genre.name = 'Open'"),
]


@pytest.mark.parametrize(("question", "hint"), MENTIONED)
def test_a_value_is_found_however_people_write_it(
    music: Database, question: str, hint: str
) -> None:
    assert hint in music.linker.hints(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many customers are there in all?",
        "What is the name of each artist?",
        "List the albums of us in order",
        "which city has more than 10001 customers",
        "the zip code 94107",
        "customers who can or may be in me",
        "racks of the stone age",
        "有多少客户？",
        "",
    ],
)
def test_words_that_only_look_like_values_are_left_alone(music: Database, question: str) -> None:
    assert music.linker.hints(question) == ()


def test_the_longest_and_the_exact_piece_is_meant(music: Database) -> None:
    assert music.linker.hints("customers in New York") == ("customer.city = 'New York'",)
    assert music.linker.hints("Where does Edwards live?") == ("customer.last_name = 'Edwards'",)


def test_the_column_that_is_named_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "two.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE invoice (billing_city VARCHAR, shipping_city VARCHAR);"
            "INSERT INTO invoice VALUES ('Paris', 'Paris'), ('Rome', 'Rome')"
        )
    with Database.open(file) as database:
        hints = database.linker.hints("invoices with the shipping city Paris")
        assert hints[0] == "invoice.shipping_city = 'Paris'"
        assert len(database.linker.hints("invoices to Paris")) == 2


def test_what_a_chinese_name_ends_with_says_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "land.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("""
            CREATE TABLE state (state_name VARCHAR, capital VARCHAR);
            CREATE TABLE river (river_name VARCHAR, traverse VARCHAR, length INTEGER);
            INSERT INTO state VALUES ('mississippi', 'jackson'), ('ohio', 'columbus');
            INSERT INTO river VALUES ('mississippi', 'ohio', 3), ('ohio', 'mississippi', 2);
        """)
    with Database.open(file) as database:
        assert database.linker.hints("密西西比河有多长")[0] == "river.river_name = 'mississippi'"
        assert database.linker.hints("密西西比州的首府") == ("state.state_name = 'mississippi'",)


def test_few_mentions_are_given_even_for_a_long_question(music: Database) -> None:
    question = "Rock, Jazz, Heavy Metal, Metallica, Queen, Paris, Calgary, New York, NY, Smith"
    assert len(music.linker.hints(question)) == 4
    music.linker.hints("Rock " * 5000)


def test_a_text_is_named_in_every_column_that_holds_it(music: Database) -> None:
    assert [m.hint for m in music.linker.named("beyonce")] == ["artist.name = 'Beyoncé'"]
    assert [m.value for m in music.linker.named("metalica")] == ["Metallica"]
    assert [m.value for m in music.linker.named("美国")] == ["USA"]
    assert music.linker.named("Reykjavik") == []


def test_excluded_columns_are_never_named(tmp_path: Path, music: Database) -> None:
    music.linker.hints("rock")
    with Database.open(music.path, Access(exclude=("genre.name", "customer"))) as narrowed:
        assert narrowed.linker.hints("rock albums in New York") == ()
        assert [m.hint for m in narrowed.linker.mentions("by Queen")] == ["artist.name = 'Queen'"]


def test_the_index_is_kept_and_made_anew_when_the_source_changes(music: Database) -> None:
    path, folder = music.path, paths.values_dir()
    assert music.linker.hints("jazz") == ("genre.name = 'Jazz'",)
    first = [(file.name, file.stat().st_ino) for file in folder.iterdir()]
    with Database.open(path) as again:
        assert again.linker.hints("jazz")
    assert [(file.name, file.stat().st_ino) for file in folder.iterdir()] == first
    music.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO genre VALUES (6, 'Polka')")
    with Database.open(path) as changed:
        assert changed.linker.hints("polka albums") == ("genre.name = 'Polka'",)
    assert len(list(folder.iterdir())) == 1
    assert (next(folder.iterdir()).stat().st_mode & 0o077) == 0


def test_an_index_that_another_process_deletes_meanwhile_is_no_fault(music: Database) -> None:
    folder = paths.values_dir()
    folder.mkdir(parents=True)
    for name in ("one.values", "two.values"):
        (folder / name).symlink_to("nowhere")
    assert music.linker.hints("jazz") == ("genre.name = 'Jazz'",)


def test_values_are_compared_by_their_words() -> None:
    assert key_of("The  Rolling-Stones'") == key_of("the rolling stones")
    assert key_of("São Paulo") == "sao paulo"
    assert key_of("12/2023") == ""
    assert distance("metallica", "metalica", 1) == 1
    assert distance("metallica", "metalilca", 1) == 1
    assert distance("rock", "polka", 2) == 3
