namespace Sluice.Store.Postgres;

/// <summary>Where the store is and how long it may take. Section <c>Store</c>.</summary>
public sealed class StoreOptions
{
    public const string Section = "Store";

    /// <summary>As the role sluice_service.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>As the schema's owner, for `sluice migrate`; the service does not use it.</summary>
    public string? AdminConnectionString { get; set; }

    /// <summary>Longest that a caller's request waits for the database, connecting included.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Longest for dispatch: reserve, claim, finish, reconcile.</summary>
    public TimeSpan DispatchTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections of this process.</summary>
    public int MaxConnections { get; set; } = 24;
}
