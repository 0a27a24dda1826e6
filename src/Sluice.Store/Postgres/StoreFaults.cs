using System.Net.Sockets;
using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>What a failure of the database means.</summary>
internal static class StoreFaults
{
    /// <summary>The transaction lost a race and did nothing: it may run again.</summary>
    public static bool MayRepeat(Exception failure) => failure is StaleReadException
        or PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected }
        or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ux_jobs_leader" };

    /// <summary>
    /// Not reachable, shutting down, starting, out of connections or disk, or too slow. <see cref="ObjectDisposedException"/> is what Npgsql throws where its connection
    /// broke while a call on it was being cancelled. A session that the server ends over a fault of its own is one, too: with its disk full it opens none ("could not
    /// write init file", an internal error), and a result that met this must not fail its job.
    /// </summary>
    public static bool IsUnavailable(Exception failure) => failure switch
    {
        StaleReadException => true,
        PostgresException error => error.SqlState.StartsWith("08", StringComparison.Ordinal) || error.SqlState.StartsWith("57P", StringComparison.Ordinal)
            || error.SqlState.StartsWith("53", StringComparison.Ordinal) || error.SqlState.StartsWith("58", StringComparison.Ordinal)
            || error.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.ReadOnlySqlTransaction
                or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            || (error.SqlState == PostgresErrorCodes.InternalError && error.InvariantSeverity is "FATAL" or "PANIC"),
        NpgsqlException or TimeoutException or SocketException or IOException or OperationCanceledException or ObjectDisposedException => true,
        _ => false,
    };
}

/// <summary>What the transaction had read was changed by another before it could be used; run it again.</summary>
internal sealed class StaleReadException() : Exception("Another transaction changed what this one had read.");
