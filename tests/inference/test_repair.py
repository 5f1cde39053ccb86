from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.nearest import nearest
from llmtui.inference.repair import along_keys, mend
from llmtui.inference.statement import statement_in

STORE = """
CREATE TABLE Genre (GenreId INTEGER PRIMARY KEY, Name VARCHAR);
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY, Name VARCHAR, Country VARCHAR);
CREATE TABLE Album (AlbumId INTEGER PRIMARY KEY, Title VARCHAR,
    ArtistId INTEGER REFERENCES Artist(ArtistId));
CREATE TABLE Track (TrackId INTEGER PRIMARY KEY, Title VARCHAR, Milliseconds INTEGER,
    Price DECIMAL(6, 2), AlbumId INTEGER REFERENCES Album(AlbumId),
    GenreId INTEGER REFERENCES Genre(GenreId), Released DATE, Code VARCHAR);
CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, FirstName VARCHAR, LastName VARCHAR,
    Phone VARCHAR, City VARCHAR, State VARCHAR, Joined VARCHAR);
INSERT INTO Genre VALUES (1, 'Rock'), (2, 'Jazz'), (3, 'Hip-Hop');
INSERT INTO Artist VALUES (1, 'Metallica', 'USA'), (2, 'Édith Piaf', 'France'), (3, 'Muse', 'UK');
INSERT INTO Album VALUES (1, 'Black Album', 1), (2, 'La Vie', 2), (3, 'Absolution', 3);
INSERT INTO Track VALUES (1, 'One', 446000, 0.99, 1, 1, '1988-08-25', '10'),
    (2, 'Milord', 261000, 1.29, 2, 2, '1959-05-08', '9'),
    (3, 'Hysteria', 227000, 0.99, 3, 1, '2003-12-01', '8');
INSERT INTO Customer VALUES (1, 'Ada', 'Smith', '1', 'Paris', 'CA', '2020-01-05'),
    (2, 'Bob', 'Jones', '2', 'Rome', 'NY', '2021-03-07');
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("store") / "store.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(STORE)
    with Database.open(file, Access(time_limit=5)) as database:
        yield database


MENDED: list[tuple[str, str]] = [
    # names
    ("SELECT PhoneNumber FROM Customer", "SELECT Phone FROM Customer"),
    ("SELECT T1.Name FROM Track AS T1 JOIN Genre AS T2 ON T1.GenreId = T2.GenreId",
     "SELECT T2.Name FROM Track AS T1 JOIN Genre AS T2 ON T1.GenreId = T2.GenreId"),
    ("SELECT Title FROM Tracks", "SELECT Title FROM Track"),
    ("SELECT Titel FROM Album", "SELECT Title FROM Album"),
    ("SELECT genre_name FROM Genre", "SELECT Name FROM Genre"),
    ("SELECT Artist.Name FROM Artist AS T1", "SELECT T1.Name FROM Artist AS T1"),
    ("SELECT Title FROM Album WHERE AlbumId IN (SELECT Album_Id FROM Track)",
     "SELECT Title FROM Album WHERE AlbumId IN (SELECT AlbumId FROM Track)"),
    # joins
    ("SELECT Title FROM Track WHERE Genre.Name = 'Jazz'",
     "SELECT Track.Title FROM Track JOIN Genre ON Track.GenreId = Genre.GenreId "
     "WHERE Genre.Name = 'Jazz'"),
    ("SELECT Title FROM Album WHERE artist_name = 'Muse'",
     "SELECT Album.Title FROM Album JOIN Artist ON Album.ArtistId = Artist.ArtistId "
     "WHERE Artist.Name = 'Muse'"),
    ("SELECT Track.Title FROM Track WHERE Artist.Name = 'Muse'",
     "SELECT Track.Title FROM Track JOIN Album ON Track.AlbumId = Album.AlbumId "
     "JOIN Artist ON Album.ArtistId = Artist.ArtistId WHERE Artist.Name = 'Muse'"),
    ("SELECT T1.Title FROM Album AS T1 JOIN Artist AS T2 ON T1.Id = T2.Artist "
     "WHERE T2.Name = 'Muse'",
     "SELECT T1.Title FROM Album AS T1 JOIN Artist AS T2 ON T1.ArtistId = T2.ArtistId "
     "WHERE T2.Name = 'Muse'"),
    ("SELECT Artist.Name FROM Track JOIN Artist ON Track.Artist = Artist.ArtistId "
     "WHERE Track.Title = 'One'",
     "SELECT Artist.Name FROM Track JOIN Album ON Track.AlbumId = Album.AlbumId "
     "JOIN Artist ON Album.ArtistId = Artist.ArtistId WHERE Track.Title = 'One'"),
    ("SELECT Genre FROM Track WHERE Title = 'One'",
     "SELECT Genre.Name FROM Track JOIN Genre ON Track.GenreId = Genre.GenreId "
     "WHERE Track.Title = 'One'"),
    ("SELECT Album FROM Album", "SELECT Album.Title FROM Album"),
    ("SELECT COUNT(*) FROM Genre WHERE Track.Title = 'One'",
     "SELECT COUNT(*) FROM Genre WHERE Genre.GenreId IN "
     "(SELECT Track.GenreId FROM Track WHERE Track.Title = 'One')"),
    ("SELECT COUNT(*) FROM Artist WHERE Country <> 'UK' AND Price > 1",
     "SELECT COUNT(*) FROM Artist WHERE Country <> 'UK' AND Artist.ArtistId IN (SELECT "
     "Album.ArtistId FROM Album JOIN Track ON Album.AlbumId = Track.AlbumId "
     "WHERE Track.Price > 1)"),
    # values
    ("SELECT COUNT(*) FROM Genre WHERE Name = 'rock'",
     "SELECT COUNT(*) FROM Genre WHERE Name = 'Rock'"),
    ("SELECT COUNT(*) FROM Genre WHERE Name IN ('hip hop', 'Jazz')",
     "SELECT COUNT(*) FROM Genre WHERE Name IN ('Hip-Hop', 'Jazz')"),
    ("SELECT COUNT(*) FROM Artist WHERE Name = 'Edith Piaf'",
     "SELECT COUNT(*) FROM Artist WHERE Name = 'Édith Piaf'"),
    ("SELECT COUNT(*) FROM Artist WHERE Country = '法国'",
     "SELECT COUNT(*) FROM Artist WHERE Country = 'France'"),
    ("SELECT COUNT(*) FROM Customer WHERE State = 'California'",
     "SELECT COUNT(*) FROM Customer WHERE State = 'CA'"),
    ("SELECT Title FROM Track WHERE GenreId = 'Rock'",
     "SELECT Track.Title FROM Track JOIN Genre ON Track.GenreId = Genre.GenreId "
     "WHERE Genre.Name = 'Rock'"),
    ("SELECT FirstName FROM Customer WHERE State = 'Paris'",
     "SELECT FirstName FROM Customer WHERE Customer.City = 'Paris'"),
    ("SELECT Title FROM Album WHERE Title LIKE '%black%'",
     "SELECT Title FROM Album WHERE Title ILIKE '%black%'"),
    # strictness
    ("SELECT GenreId, COUNT(*) FROM Track", "SELECT GenreId, COUNT(*) FROM Track GROUP BY GenreId"),
    ("SELECT GenreId, AlbumId, COUNT(*) FROM Track GROUP BY GenreId",
     "SELECT GenreId, AlbumId, COUNT(*) FROM Track GROUP BY GenreId, AlbumId"),
    ("SELECT Title, MAX(Price) FROM Track",
     "SELECT Title, Price FROM Track ORDER BY Price DESC LIMIT 1"),
    ("SELECT GenreId FROM Track WHERE COUNT(*) > 1 GROUP BY GenreId",
     "SELECT GenreId FROM Track GROUP BY GenreId HAVING COUNT(*) > 1"),
    ("SELECT AVG(Code) FROM Track", "SELECT AVG(TRY_CAST(Code AS DOUBLE)) FROM Track"),
    ("SELECT Title FROM Track WHERE Released LIKE '2003%'",
     "SELECT Title FROM Track WHERE CAST(Released AS TEXT) LIKE '2003%'"),
    # dialects, text around
    ("SELECT `Title` FROM `Album`", 'SELECT "Title" FROM "Album"'),
    ("SELECT Title FROM Album LIMIT 0, 2", "SELECT Title FROM Album LIMIT 2 OFFSET 0"),
    ("SELECT COUNT(* FROM (SELECT 1", "SELECT COUNT(* FROM (SELECT 1"),
    ("SELECT COUNT(*) FROM (SELECT Title FROM Album",
     "SELECT COUNT(*) FROM (SELECT Title FROM Album)"),
    ("The answer:\n```sql\nSELECT Title FROM Album;\n```", "SELECT Title FROM Album"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), MENDED)
def test_what_does_not_bind_becomes_what_was_meant_and_is_told(
    store: Database, said: str, meant: str
) -> None:
    mended = mend(said, store)
    assert mended.sql == meant
    assert bool(mended.changes) == (statement_in(said) != meant)


RIGHT = [
    "SELECT c.City, count(*)  FROM Customer c GROUP BY 1",
    "SELECT Title FROM Album WHERE Title LIKE 'Black%'",
    "SELECT Title FROM Album WHERE Title LIKE 'nothing like it%'",
    "SELECT Name FROM Artist WHERE Name = 'Reykjavik'",
    "SELECT Name FROM Artist WHERE Name <> 'Rock'",
    "SELECT Name FROM Artist WHERE NOT Name = 'Rock'",
    "SELECT Name FROM Artist WHERE Name = 'Rock' OR Country = 'UK'",
    "SELECT COUNT(*) FROM Artist WHERE Name = 'Milord'",
    "WITH x AS (SELECT Name AS n FROM Artist) SELECT n FROM x WHERE n = 'muse'",
    "SELECT Title FROM Track ORDER BY Price DESC LIMIT 1",
    "SELECT (SELECT MAX(Price) FROM Track), Name FROM Genre",
    "SELECT Name FROM Artist a WHERE EXISTS (SELECT 1 FROM Album b WHERE b.ArtistId = a.ArtistId)",
]


@pytest.mark.parametrize("sql", RIGHT)
def test_what_binds_keeps_its_meaning(store: Database, sql: str) -> None:
    mended = mend(sql, store)
    assert (mended.sql, mended.changes) == (sql, [])


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM Album",
        "SELECT 1; DROP TABLE Album",
        "DROP TABLE `Album`",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT getenv('HOME') FROM Albums",
        "SELECT current_setting('temp_directory') FROM `Album`",
        "SELECT * FROM duckdb_settings()",
        "WITH d AS (DELETE FROM Albums RETURNING *) SELECT * FROM d",
        "SELECT Titel INTO OUTFILE '/tmp/x' FROM Album",
        "INSERT INTO Album SELECT * FROM Albums",
        "COPY (SELECT * FROM Albums) TO 'x.csv'",
        "EXPLAIN ANALYZE DELETE FROM Album",
        "SELECT load_extension('x') FROM `Album`",
    ],
)
def test_what_is_refused_is_never_mended_into_something_that_runs(
    store: Database, sql: str
) -> None:
    assert not store.check(mend(sql, store).sql).ok


UNCLEAR = [
    "SELECT Duration FROM Track",
    "SELECT FullName FROM Customer",
    "SELECT nothing_like_it FROM Album",
    "SELECT Name FROM Album JOIN Track",
    "SELECT a FROM missing_table_xyz",
    "SELECT Titel FROM Album WHERE",
    "SELECT Titel FROM Album JOIN Album ON Album.Id = Album.Id, (SELECT 1 AS a) AS Album",
    "not SQL at all",
    "",
]


@pytest.mark.parametrize("sql", UNCLEAR)
def test_what_is_not_clear_is_left_as_it_is(store: Database, sql: str) -> None:
    mended = mend(sql, store)
    assert (mended.sql, mended.changes) == (sql, [])


def test_pieces_of_statements_in_any_order_are_mended_or_left(store: Database) -> None:
    pieces = sorted({piece for pair in MENDED for sql in pair for piece in sql.split()})
    rng = Random(11)
    for _ in range(150):
        made = [
            "SELECT",
            *rng.choices(pieces, k=3),
            "FROM",
            *rng.choices(pieces, k=rng.randint(1, 9)),
        ]
        mended = mend(" ".join(made), store)
        assert mended.changes or mended.sql == statement_in(" ".join(made))


def test_what_is_mended_binds_and_runs(store: Database) -> None:
    for said, meant in MENDED:
        if store.check(meant).ok:
            assert store.run(mend(said, store).sql).columns


def test_names_are_near_by_their_words_or_their_letters() -> None:
    assert nearest("PhoneNumber", ["Phone", "Fax", "Name"]) == "Phone"
    assert nearest("album_title", ["AlbumId", "Title"], owner="Album") == "Title"
    assert nearest("emial", ["email", "name"]) == "email"
    assert nearest("FullName", ["FirstName", "LastName"]) is None
    assert nearest("Artist", ["ArtistId", "Title"]) is None


@pytest.mark.parametrize(
    ("sql", "mended"),
    [
        ("SELECT name, city, name FROM customers", "SELECT name, city FROM customers"),
        ("SELECT name, id + 1, id + 1 FROM customers", "SELECT name, id + 1 FROM customers"),
        (
            "SELECT name AS a, name AS b FROM customers",
            "SELECT name AS a, name AS b FROM customers",
        ),
    ],
)
def test_a_column_that_is_shown_twice_is_shown_once(
    shop_database: Database, sql: str, mended: str
) -> None:
    assert mend(sql, shop_database).sql == mended


CLINIC = """
CREATE TABLE Doctor (Id INTEGER PRIMARY KEY, Name VARCHAR);
CREATE TABLE Operation (Code INTEGER PRIMARY KEY, Title VARCHAR, Cost INTEGER);
CREATE TABLE Trained_In (Doctor INTEGER REFERENCES Doctor(Id),
    Operation INTEGER REFERENCES Operation(Code));
CREATE TABLE Performs (Doctor INTEGER REFERENCES Doctor(Id),
    Operation INTEGER REFERENCES Operation(Code));
INSERT INTO Doctor VALUES (21, 'Ann'), (22, 'Ben');
INSERT INTO Operation VALUES (1, 'Bypass', 900), (2, 'Cast', 20);
INSERT INTO Trained_In VALUES (21, 1), (22, 2);
INSERT INTO Performs VALUES (22, 1);
"""


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "clinic.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(CLINIC)
    with Database.open(file, Access(time_limit=5)) as database:
        yield database


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ("Which doctors are trained in operations over 500?", "Trained_In"),
        ("Which doctors performed operations over 500?", "Performs"),
    ],
)
def test_the_question_decides_which_of_two_ways_is_meant(
    clinic: Database, question: str, table: str
) -> None:
    said = "SELECT Name FROM Doctor WHERE Operation.Cost > 500"
    assert mend(said, clinic).changes == []
    assert mend(said, clinic, question).sql == (
        f"SELECT Doctor.Name FROM Doctor JOIN {table} ON Doctor.Id = {table}.Doctor "
        f"JOIN Operation ON {table}.Operation = Operation.Code WHERE Operation.Cost > 500"
    )


def test_tables_compared_by_what_is_no_key_are_compared_by_their_key(clinic: Database) -> None:
    wrong = "SELECT Name FROM Doctor WHERE Id IN (SELECT Operation FROM Performs)"
    right = "SELECT Name FROM Doctor WHERE Id IN (SELECT Doctor FROM Performs)"
    along = along_keys(wrong, clinic)
    assert along is not None
    assert along.sql == right
    assert along_keys(right, clinic) is None
    joined = "SELECT Name FROM Doctor AS d JOIN Performs AS p ON d.Id = p.{}"
    along = along_keys(joined.format("Operation"), clinic)
    assert along is not None
    assert along.sql == joined.format("Doctor")
    assert along_keys("SELECT 1 FROM Doctor a JOIN Doctor b ON a.Id < b.Id", clinic) is None
