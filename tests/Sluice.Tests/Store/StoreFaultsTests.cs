using Npgsql;
using Sluice.Store.Postgres;
using Xunit;

namespace Sluice.Tests.Store;

public sealed class StoreFaultsTests
{
    /// <summary>Npgsql's own, where the connection breaks while a call on it is being cancelled: a caller saw 500 instead of 503, and dispatch gave up what it should have tried again.</summary>
    [Fact]
    public void A_connection_that_breaks_while_a_call_is_cancelled_is_a_store_that_is_away() =>
        Assert.True(StoreFaults.IsUnavailable(new ObjectDisposedException("System.Threading.ManualResetEventSlim")));

    [Fact]
    public void A_broken_connection_is_a_store_that_is_away_and_a_bug_is_not()
    {
        Assert.True(StoreFaults.IsUnavailable(new NpgsqlException("broken")));
        Assert.True(StoreFaults.IsUnavailable(new TimeoutException()));
        Assert.False(StoreFaults.IsUnavailable(new InvalidOperationException()));
        Assert.False(StoreFaults.IsUnavailable(new PostgresException("duplicate", "ERROR", "ERROR", PostgresErrorCodes.UniqueViolation)));
    }
}
