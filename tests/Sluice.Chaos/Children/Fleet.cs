using System.Globalization;
using System.Text.RegularExpressions;
using Sluice.Chaos.Faults;

namespace Sluice.Chaos.Children;

/// <summary>How the service is started.</summary>
internal sealed record FleetOptions
{
    /// <summary>Of all processes at first.</summary>
    public string Program { get; init; } = Fleet.Own;

    public int Workers { get; init; } = 3;
    public TimeSpan StubDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Of a worker's signs of life.</summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Prompts with this in them kill their worker.</summary>
    public string? StubCrashOn { get; init; }

    /// <summary>Seconds that a worker's clock is ahead, by its number.</summary>
    public IReadOnlyDictionary<int, int> ClockOffsets { get; init; } = new Dictionary<int, int>();
}

/// <summary>One node with API and webhooks, and workers: each a process, each behind proxies before database and broker.</summary>
internal sealed partial class Fleet(string folder, Servers servers, FleetOptions options, int seed) : IAsyncDisposable
{
    public const string BusTenant = "gamma";
    public const string ApiTenant = "alpha";

    /// <summary>Of <see cref="ApiTenant"/>; made up, and worth nothing outside of a run.</summary>
    public const string ApiKey = "sk_chaoskey_0123456789abcdef0123456789abcdef";

    private readonly TcpProxy _workerDatabase = new(servers.DatabasePort, seed + 1);
    private readonly TcpProxy _workerBroker = new(servers.BrokerPort, seed + 2);
    private readonly TcpProxy _apiDatabase = new(servers.DatabasePort, seed + 3);
    private readonly TcpProxy _apiBroker = new(servers.BrokerPort, seed + 4);
    private readonly Dictionary<int, Child> _workers = [];
    private readonly Dictionary<int, int> _workerPorts = [];
    private readonly int _apiPort = Ports.Free();
    private readonly string _pids = Path.Combine(folder, "pids");
    private Child? _api;
    private TcpProxy? _front;

    public int Workers => options.Workers;

    /// <summary>Between callers and the API.</summary>
    public TcpProxy Front => _front!;

    public IReadOnlyList<TcpProxy> Behind => [_workerDatabase, _workerBroker, _apiDatabase, _apiBroker];

    /// <summary>The program of this build.</summary>
    public static string Own => Path.Combine(AppContext.BaseDirectory, "sluice.dll");

    /// <summary>What is started from now on.</summary>
    public string Program { get; set; } = options.Program;

    public static string WorkerName(int worker) => $"w{worker}";

    /// <summary>Brings the database to the schema of <see cref="Program"/>.</summary>
    public async Task MigrateAsync()
    {
        (int code, string output) = await Shell.RunAsync("dotnet", ["exec", Program, "migrate", "--set", $"Store:AdminConnectionString={Servers.Database(servers.DatabasePort, "sluice_admin")}"]);
        if (code != 0)
        {
            throw new InvalidOperationException($"sluice migrate: {output}");
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _front = new TcpProxy(_apiPort, seed + 5);
        StartApi();
        for (int worker = 0; worker < options.Workers; worker++)
        {
            StartWorker(worker);
        }
        if (!await AwaitApiAsync(cancellationToken))
        {
            throw new InvalidOperationException($"The API does not come up: see {folder}.");
        }
    }

    /// <summary>False where the process ended, or did not come up within a minute.</summary>
    public static async Task<bool> AwaitReadyAsync(int port, Child child, CancellationToken cancellationToken)
    {
        using HttpClient http = new() { Timeout = TimeSpan.FromSeconds(2) };
        for (int attempt = 0; attempt < 600 && !child.HasExited; attempt++)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or TaskCanceledException)
            {
                // not yet
            }
            await Task.Delay(100, cancellationToken);
        }
        return false;
    }

    public void StartApi() => _api = Child.Start(Path.Combine(folder, "api.log"), _pids, null, [.. Serve("api,webhooks", _apiPort), .. Settings("api", _apiDatabase, _apiBroker), .. ApiSettings()]);

    public void StartWorker(int worker)
    {
        Dictionary<string, string> environment = [];
        if (options.ClockOffsets.TryGetValue(worker, out int seconds))
        {
            environment["SLUICE_CLOCK_OFFSET"] = seconds.ToString(CultureInfo.InvariantCulture);
        }
        _workerPorts[worker] = Ports.Free();
        _workers[worker] = Child.Start(LogOf(worker), _pids, environment,
            [.. Serve("worker", _workerPorts[worker]), .. Settings(WorkerName(worker), _workerDatabase, _workerBroker)]);
    }

    /// <summary>A node of all roles that is to crash at a point; beside the others, on connections of its own.</summary>
    public Child StartExtra(string name, string crashAt, out int port)
    {
        port = Ports.Free();
        return Child.Start(Path.Combine(folder, "extra.log"), _pids, new Dictionary<string, string> { ["SLUICE_CRASH_AT"] = crashAt },
            [.. Serve("api,worker,webhooks", port), .. Settings(name, _workerDatabase, _workerBroker), .. ApiSettings()]);
    }

    public Child Worker(int worker) => _workers[worker];

    /// <summary>False where it ended, or did not come up within a minute.</summary>
    public Task<bool> AwaitWorkerAsync(int worker, CancellationToken cancellationToken) => AwaitReadyAsync(_workerPorts[worker], _workers[worker], cancellationToken);

    /// <inheritdoc cref="AwaitWorkerAsync"/>
    public Task<bool> AwaitApiAsync(CancellationToken cancellationToken) => AwaitReadyAsync(_apiPort, _api!, cancellationToken);

    public string LogOf(int worker) => Path.Combine(folder, $"{WorkerName(worker)}.log");

    public Child Api => _api!;

    /// <summary>Results that workers say they threw away: their jobs' fences had moved.</summary>
    public async Task<long> StaleAsync()
    {
        long stale = 0;
        foreach (string log in Directory.EnumerateFiles(folder, "*.log"))
        {
            stale += Discarded().Matches(await File.ReadAllTextAsync(log)).Sum(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        }
        return stale;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Child child in _workers.Values.Append(_api).OfType<Child>())
        {
            if (!child.HasExited)
            {
                await child.KillAsync();
            }
            child.Dispose();
        }
        foreach (TcpProxy proxy in Behind.Append(_front).OfType<TcpProxy>())
        {
            await proxy.DisposeAsync();
        }
    }

    private string[] Serve(string roles, int port) =>
        ["dotnet", "exec", Program, "serve", "--roles", roles, "--engine", "stub", "--urls", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")];

    private string[] Settings(string name, TcpProxy database, TcpProxy broker)
    {
        List<string> settings =
        [
            $"Worker:Name={name}", "Worker:HeartbeatInterval=00:00:01", $"Worker:HeartbeatTimeout={options.HeartbeatTimeout:c}", "Worker:ReconcileInterval=00:00:01", "Worker:TicketTimeout=00:00:10",
            "Worker:InventoryInterval=00:00:02", "Worker:StubSequences=16", $"Worker:StubDelay={options.StubDelay:c}", "Worker:HoldLimit=400",
            $"Store:ConnectionString={Servers.Database(database.Port, "sluice_service")}", $"Queue:Host={Servers.Broker(broker.Port)}",
            "Logging:LogLevel:Default=Information", "Logging:LogLevel:Microsoft=Warning", "Logging:LogLevel:Sluice.Service.Inference.BatchRunner=Warning",
        ];
        if (options.StubCrashOn is { } text)
        {
            settings.Add($"Worker:StubCrashOn={text}");
        }
        return [.. settings.SelectMany(setting => (string[])["--set", setting])];
    }

    private static string[] ApiSettings() =>
    [
        .. ((string[])[
            $"Access:BootstrapKey={ApiKey}", $"Access:BootstrapTenant={ApiTenant}", $"Queue:Tenants:sluice={BusTenant}", "Intake:QueuedPerTenant=1000000",
            $"Webhooks:SecretKey={Convert.ToBase64String(new byte[32])}", "Webhooks:AllowHttp=true", "Webhooks:AllowAnyPort=true", "Webhooks:Lease=00:00:31", "Webhooks:Timeout=00:00:05", "Webhooks:Poll=00:00:00.2", $"Webhooks:AllowNetworks:0={Load.Receiver.Network}",
        ]).SelectMany(setting => (string[])["--set", setting]),
    ];

    [GeneratedRegex(@"Discarded (\d+) of")]
    private static partial Regex Discarded();
}
