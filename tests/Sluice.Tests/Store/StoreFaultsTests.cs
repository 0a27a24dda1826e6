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

    /// <summary>Seen with a full disk: the server opens no session any more, and two jobs failed for it.</summary>
    [Fact]
    public void A_session_that_the_server_ends_over_its_own_fault_is_a_store_that_is_away_and_its_refusal_of_a_statement_is_not()
    {
        Assert.True(StoreFaults.IsUnavailable(new PostgresException("could not write init file", "FATAL", "FATAL", PostgresErrorCodes.InternalError)));
        Assert.False(StoreFaults.IsUnavailable(new PostgresException("unexpected", "ERROR", "ERROR", PostgresErrorCodes.InternalError)));
        Assert.False(StoreFaults.IsUnavailable(new PostgresException("wrong password", "FATAL", "FATAL", PostgresErrorCodes.InvalidPassword)));
    }
}
