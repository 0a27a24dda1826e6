using Npgsql;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;
using Xunit.Sdk;

namespace Sluice.Integration.Tests.Store;

/// <summary>The tests of the tests: where one statement of the Postgres store is broken, the contract of both stores says so, and says what is wrong.</summary>
[Collection(PostgresTests.Name)]
public sealed class BrokenStatementTests(PostgresDatabase database)
{
    private static readonly Dictionary<string, Bug> s_bugs = new()
    {
        ["the fence is dropped from the finish"] = new(
            DispatchSql.Finish,
            [("and j.claims = n.claims ", ""), ("j.submission, j.claims", "j.submission, n.claims")],
            through => RunAsync(new PostgresFinishTests(through), tests => tests.A_stale_fence_is_discarded_and_changes_nothing()),
            "[False, True, False, True]"),
        ["the outbox is skipped at the submit"] = new(
            SubmitSql.InsertLeaders,
            [("from stored where state = 0 and submission is null", "from stored where false")],
            through => RunAsync(new PostgresSubmitTests(through), tests => tests.Results_are_in_the_order_of_the_jobs_and_one_refusal_does_not_touch_the_others()),
            "Actual:   0"),
        ["an idempotency key that is taken is taken over"] = new(
            SubmitSql.TakeKeys,
            [("where idempotency_keys.expires_at <= now()", "")],
            through => RunAsync(new PostgresSubmitTests(through), tests => tests.Results_are_in_the_order_of_the_jobs_and_one_refusal_does_not_touch_the_others()),
            "[Queued, Queued, KeyReused"),
    };

    public static TheoryData<string> Bugs => [.. s_bugs.Keys];

    [Theory]
    [MemberData(nameof(Bugs))]
    public async Task A_broken_statement_is_found_out(string name)
    {
        await database.EmptyAsync();
        Bug bug = s_bugs[name];
        string broken = bug.Statement;
        foreach ((string right, string wrong) in bug.Changes)
        {
            Assert.Contains(right, broken, StringComparison.Ordinal);
            broken = broken.Replace(right, wrong, StringComparison.Ordinal);
        }
        Assert.Null(await TryAsync(bug, bug.Statement));
        XunitException failure = Assert.IsType<XunitException>(await TryAsync(bug, broken), exactMatch: false);
        Console.WriteLine($"{name}: {failure.Message.Split('\n')[0]}");
        Assert.Contains(bug.Says, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>What the test says of the store, with this text in the statement's place.</summary>
    private async Task<Exception?> TryAsync(Bug bug, string instead)
    {
        NpgsqlConnectionStringBuilder direct = new(database.ServiceConnectionString);
        await using StatementProxy proxy = new(direct.Host!, direct.Port, bug.Statement, instead);
        Exception? failure = await Record.ExceptionAsync(() => bug.Test(database.Through(proxy.Port)));
        Assert.True(proxy.Replaced > 0, $"The statement did not come by. {failure}");
        return failure;
    }

    private static async Task RunAsync<T>(T tests, Func<T, Task> test)
        where T : StoreContract
    {
        await using (tests)
        {
            await tests.InitializeAsync();
            await test(tests);
        }
    }

    /// <param name="Statement">Of the product.</param>
    /// <param name="Changes">What of its text becomes what.</param>
    /// <param name="Test">A test of the contract, on this database.</param>
    /// <param name="Says">Part of what it says then. A failure of another kind finds nothing.</param>
    private sealed record Bug(string Statement, (string Right, string Wrong)[] Changes, Func<PostgresDatabase, Task> Test, string Says);
}
