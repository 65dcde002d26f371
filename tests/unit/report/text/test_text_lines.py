"""Lines and tables that fit a terminal."""

from reconciler.report.text.lines import columns, lines, table, wrapped


def test_columns_of_wide_and_combining_characters():
    assert columns("nas") == 3
    assert columns("名前") == 4
    assert columns("e\u0301") == 1


def test_no_text_gives_no_lines():
    assert lines("", 10, "> ") == []


def test_words_in_quotes_stay_together_while_others_wrap():
    assert lines("it can't be 'my nas' or (id 'a b')", 12, "! ", "  ") == [
        "! it can't",
        "  be",
        "  'my nas'",
        "  or (id",
        "  'a b')",
    ]


def test_a_command_to_be_pasted_stays_on_one_line():
    command = "`pip install -e '/src/a b[s3]' 'c d'`"
    assert lines(f"add it: {command}, then go on", 12, rest="  ") == [
        "add it:",
        f"  {command},",
        "  then go on",
    ]
    assert lines("a lone ` is no command", 12) == ["a lone ` is", "no command"]


def test_a_message_that_is_broken_goes_on_further_right():
    assert wrapped("nas: 4 files to read all", 12) == "nas: 4 files\n  to read\n  all"


def test_an_apostrophe_does_not_end_a_name_in_quotes():
    assert lines("remove 'Bob's nas'", 12) == ["remove", "'Bob's nas'"]


def test_a_table_is_aligned_by_what_is_seen():
    assert table([("A", "B"), ("名前", "x"), ("nas", "")]) == ["A     B", "名前  x", "nas"]
