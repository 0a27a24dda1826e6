using Npgsql;
using Sluice.Engine;
using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Models;
using Sluice.Store.Postgres;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>
/// Rigs on the real broker and the real database, each test with queues of its own. Rounds are short so that tests need not wait long; nobody is thought dead and no
/// ticket is sent again but where a test asks for it, however slow the machine.
/// </summary>
public abstract class RealRigs(PostgresDatabase database) : IAsyncLifetime
{
    private readonly List<WorkerRig> _rigs = [];

    internal Broker Broker { get; init; } = new();

    internal PostgresDatabase Database => database;

    /// <summary>Models beside the stub, as <c>--model</c> names them.</summary>
    internal IReadOnlyList<string> Models { get; init; } = [];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(!Broker.IsConfigured, Broker.Missing);
        await database.EmptyAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (WorkerRig rig in _rigs)
        {
            await rig.DisposeAsync();
        }
        await Broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal string Postgres => new NpgsqlConnectionStringBuilder(database.ServiceConnectionString) { Pooling = true, MaxPoolSize = 20 }.ConnectionString;

    internal Dictionary<string, string?> Settings(string worker, params (string Key, string? Value)[] changes)
    {
        Dictionary<string, string?> settings = new()
        {
            ["Store:ConnectionString"] = Postgres,
            ["Store:CommandTimeout"] = "00:00:10",
            ["Store:DispatchTimeout"] = "00:00:20",
            ["Intake:StoreTimeout"] = "00:00:10",
            ["Queue:Host"] = Broker.Host,
            ["Queue:Prefix"] = Broker.Prefix,
            ["Queue:Shards"] = Broker.Shards.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Worker:Name"] = worker,
            ["Worker:HeartbeatInterval"] = "00:00:00.5",
            ["Worker:HeartbeatTimeout"] = "01:00:00",
            ["Worker:ReconcileInterval"] = "00:00:00.5",
            ["Worker:TicketTimeout"] = "01:00:00",
            ["Worker:LostInterval"] = "00:00:00.2",
            ["Worker:DrainTime"] = "00:00:02",
        };
        foreach ((string key, string? value) in changes)
        {
            settings[key] = value;
        }
        return settings;
    }

    /// <summary>A node; without a worker when it has no name for one.</summary>
    internal Task<WorkerRig> StartAsync(string? worker, StubOptions? stub = null, params (string Key, string? Value)[] changes) => StartAsync(worker, TimeProvider.System, stub, changes);

    /// <summary>A worker that goes by a clock of its own.</summary>
    internal Task<WorkerRig> StartSkewedAsync(string worker, TimeProvider time) => StartAsync(worker, time, null, []);

    private async Task<WorkerRig> StartAsync(string? worker, TimeProvider time, StubOptions? stub, (string Key, string? Value)[] changes)
    {
        SluiceHostOptions options = new()
        {
            Time = time,
            Engine = EngineKind.Stub,
            Models = Models,
            Roles = worker is null ? new HashSet<HostRole> { HostRole.Api } : new HashSet<HostRole> { HostRole.Api, HostRole.Worker },
            Settings = Settings(worker ?? "none", changes),
        };
        WorkerRig rig = await WorkerRig.StartAsync(options, services => services.AddPostgresStore(), stub);
        _rigs.Add(rig);
        return rig;
    }

    internal static JobRequest Prompt(string prompt) => new() { Model = StubModel.Name, Prompt = prompt, Cache = new CacheRequest { Mode = CacheMode.Off } };

    /// <summary>A number that SQL gives, as the schema's owner sees it.</summary>
    internal async Task<long> CountAsync(string sql)
    {
        await using NpgsqlConnection connection = new(database.AdminConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new($"set sluice.tenant = '*'; {sql}", connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
