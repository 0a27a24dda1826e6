using Xunit;

namespace Sluice.Tests.Hygiene;

/// <summary>
/// The ten bugs that would hurt most, and the tests that plant them and see them found. They live where their subject is tested, as doubles in the tests and never as a switch
/// in the product; here is the list, so that none goes missing. Running them is the suites' part.
/// </summary>
public sealed class SeededBugsTests
{
    private const string Mutations = "tests/Sluice.Simulation.Tests/MutationTests.cs";
    private const string Ssrf = "tests/Sluice.Tests/Webhooks/SsrfTests.cs";

    private static readonly (string Bug, string File, string Test, string Case)[] s_bugs =
    [
        ("the fence is dropped", Mutations, "A_broken_store_is_found_out", "DropsTheFence"),
        ("a message is acknowledged before the commit", Mutations, "A_consumer_that_acknowledges_before_its_work_is_done_is_found_out", "acknowledgeEarly: true"),
        ("the outbox is skipped", Mutations, "A_broken_store_is_found_out", "SkipsTheOutbox"),
        ("a job ends twice", Mutations, "A_broken_store_is_found_out", "FinishesTwice"),
        ("idempotency keys are forgotten", Mutations, "A_broken_store_is_found_out", "ForgetsKeys"),
        ("row-level security is off", "tests/Sluice.Integration.Tests/Isolation/RowSecurityTests.cs", "A_table_without_it_is_found_out", "disable row level security"),
        ("the URL is checked instead of the address", Ssrf, "A_sender_that_is_broken_is_found_out", "checks the URL instead of the address"),
        ("redirects are followed", Ssrf, "A_sender_that_is_broken_is_found_out", "follows redirects"),
        ("the cache is shared between tenants", "tests/Sluice.Integration.Tests/Isolation/CacheProbeTests.cs", "A_cache_that_shares_and_one_that_forgets_are_found_out", "new Shares("),
        ("a route has no policy", "tests/Sluice.Tests/Access/RouteAccessTests.cs", "A_route_that_says_nothing_is_found_and_needs_a_key", "A_route_that_says_nothing"),
    ];

    [Fact]
    public void Ten_seeded_bugs_have_a_test_that_finds_them()
    {
        Dictionary<string, string> files = SourceTree.Files(".cs").ToDictionary(file => file.Path, file => file.Text);
        Assert.Equal(10, s_bugs.DistinctBy(bug => (bug.Test, bug.Case)).Count());
        foreach ((string bug, string file, string test, string which) in s_bugs)
        {
            Assert.True(files.TryGetValue(file, out string? text), $"{bug}: {file} is not there.");
            Assert.Contains($" {test}(", text, StringComparison.Ordinal);
            Assert.Contains(which, text, StringComparison.Ordinal);
            Console.WriteLine($"seeded bug: {bug}: {Path.GetFileNameWithoutExtension(file)}.{test}");
        }
    }
}
