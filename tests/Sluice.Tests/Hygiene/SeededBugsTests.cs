using Xunit;

namespace Sluice.Tests.Hygiene;

/// <summary>
/// The bugs that would hurt most, and the tests that plant them and see them found. They live where their subject is tested and never as a switch in the product; what is broken
/// is a double of the tests, or the product's own SQL or schema on its way to or in Postgres. Here is the list, so that none goes missing. Running them is the suites' part.
/// </summary>
public sealed class SeededBugsTests
{
    private const string Mutations = "tests/Sluice.Simulation.Tests/MutationTests.cs";
    private const string Statements = "tests/Sluice.Integration.Tests/Store/BrokenStatementTests.cs";
    private const string Ssrf = "tests/Sluice.Tests/Webhooks/SsrfTests.cs";

    private const string Store = "a wrapper of the memory store", Sql = "the Postgres store's SQL", Sender = "a double of the sender";

    private static readonly (string Bug, string Broken, string File, string Test, string Case)[] s_bugs =
    [
        ("the fence is dropped", Store, Mutations, "A_broken_store_is_found_out", "DropsTheFence"),
        ("the fence is dropped from the finish", Sql, Statements, "A_broken_statement_is_found_out", "the fence is dropped from the finish"),
        ("a message is acknowledged before the commit", "the simulated consumer", Mutations, "A_consumer_that_acknowledges_before_its_work_is_done_is_found_out", "acknowledgeEarly: true"),
        ("the outbox is skipped", Store, Mutations, "A_broken_store_is_found_out", "SkipsTheOutbox"),
        ("the outbox is skipped at the submit", Sql, Statements, "A_broken_statement_is_found_out", "the outbox is skipped at the submit"),
        ("a job ends twice", Store, Mutations, "A_broken_store_is_found_out", "FinishesTwice"),
        ("idempotency keys are forgotten", Store, Mutations, "A_broken_store_is_found_out", "ForgetsKeys"),
        ("an idempotency key is taken over", Sql, Statements, "A_broken_statement_is_found_out", "an idempotency key that is taken is taken over"),
        ("row-level security is off", "the database's schema", "tests/Sluice.Integration.Tests/Isolation/RowSecurityTests.cs", "A_table_without_it_is_found_out", "disable row level security"),
        ("the URL is checked instead of the address", Sender, Ssrf, "A_sender_that_is_broken_is_found_out", "checks the URL instead of the address"),
        ("redirects are followed", Sender, Ssrf, "A_sender_that_is_broken_is_found_out", "follows redirects"),
        ("the cache is shared between tenants", "a wrapper of the cache", "tests/Sluice.Integration.Tests/Isolation/CacheProbeTests.cs", "A_cache_that_shares_and_one_that_forgets_are_found_out", "new Shares("),
        ("a route has no policy", "the host, with one route more", "tests/Sluice.Tests/Access/RouteAccessTests.cs", "A_route_that_says_nothing_is_found_and_needs_a_key", "A_route_that_says_nothing"),
    ];

    [Fact]
    public void Thirteen_seeded_bugs_have_a_test_that_finds_them()
    {
        Dictionary<string, string> files = SourceTree.Files(".cs").ToDictionary(file => file.Path, file => file.Text);
        Assert.Equal(13, s_bugs.DistinctBy(bug => (bug.Test, bug.Case)).Count());
        foreach ((string bug, string broken, string file, string test, string which) in s_bugs)
        {
            Assert.True(files.TryGetValue(file, out string? text), $"{bug}: {file} is not there.");
            Assert.Contains($" {test}(", text, StringComparison.Ordinal);
            Assert.Contains(which, text, StringComparison.Ordinal);
            Console.WriteLine($"seeded bug: {bug} ({broken}): {Path.GetFileNameWithoutExtension(file)}.{test}");
        }
    }
}
