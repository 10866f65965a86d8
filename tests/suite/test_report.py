from suite.report import Result, expected_skips, markdown_table, read_results

REPORT = """<testsuites><testsuite>
<testcase classname="lib.rhosocial.activerecord.testsuite.feature.basic.crud.test_crud.TestCrud" name="test_a[mysql]"/>
<testcase classname="lib.rhosocial.activerecord.testsuite.feature.basic.crud.test_crud" name="test_b">
  <error message="fixture"/></testcase>
<testcase classname="lib.rhosocial.activerecord.testsuite.feature.test_features" name="test_c"><skipped/></testcase>
<testcase classname="tests.suite.benchmark_backend.test_x" name="test_d"><failure/></testcase>
</testsuite></testsuites>"""
RESULTS = [
    Result("feature.basic.crud.test_crud.TestCrud.test_a", "passed"),
    Result("feature.basic.crud.test_crud.test_b", "failed"),
    Result("feature.test_features.test_c", "skipped"),
    Result("ours.benchmark_backend.test_x.test_d", "failed"),
]


def test_results_of_a_junit_file(tmp_path):
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    assert read_results(file) == RESULTS


def test_areas():
    areas = [result.area for result in RESULTS]
    assert areas == ["feature/basic", "feature/basic", "feature", "ours/benchmark_backend"]


def test_table():
    assert markdown_table({"mysql, native": RESULTS, "mariadb, native": RESULTS[:1]}).splitlines() == [
        "| area, passed / failed / skipped | mysql, native | mariadb, native |",
        "| --- | --- | --- |",
        "| feature | 0 / 0 / 1 | 0 / 0 / 0 |",
        "| feature/basic | 1 / 1 / 0 | 1 / 0 / 0 |",
        "| ours/benchmark_backend | 0 / 1 / 0 | 0 / 0 / 0 |",
        "| all | 1 / 2 / 1 | 1 / 0 / 0 |",
    ]


def test_listed_skips_of_a_server(tmp_path):
    document = tmp_path / "testsuite.md"
    rows = "| test | servers | reason |", "| `a.b.test_c` | mysql | no X |", "| `a.test_d` | mysql, mariadb | no Y |"
    document.write_text("\n".join(rows))
    assert expected_skips(document, "mysql") == {"a.b.test_c", "a.test_d"}
    assert expected_skips(document, "mariadb") == {"a.test_d"}
