/* Rows of the table as comma-separated values. */
#include "unit.h"

#include "replay/report/list_csv.h"

static void expect(const char *row, const char *values)
{
	struct buf out = {0};
	list_csv(&out, slice_of(row));
	assert_text(buf_slice(&out), values);
	buf_release(&out);
}

static void test_cells(void **state)
{
	(void)state;
	expect("a\tb\n", "a,b\r\n");
	expect("a\tb", "a,b\r\n");
	expect("\t\n", ",\r\n");
	expect("\n", "\r\n");
	expect("a,b\tc\n", "\"a,b\",c\r\n");
	expect("a\"b\n", "\"a\"\"b\"\r\n");
	expect("a;b\tc d\n", "\"a;b\",\"c d\"\r\n");
}

static void test_formulas(void **state)
{
	(void)state;
	expect("=1+1\t+1\t-1\t@A1\n", "'=1+1,'+1,'-1,'@A1\r\n");
	expect("-\ta\t-\n", "-,a,-\r\n");
	expect("--\t'=1\t'\n", "'--,''=1,''\r\n");
	expect("=A1,\"x\"\n", "\"'=A1,\"\"x\"\"\"\r\n");
	expect("/=1\t\\x09=1\n", "/=1,\\x09=1\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cells),
	    cmocka_unit_test(test_formulas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
