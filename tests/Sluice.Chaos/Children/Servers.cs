using System.Globalization;

namespace Sluice.Chaos.Children;

/// <summary>A broker and a database of this run's own, started by ops/services.sh and killed here. Their data outlives them.</summary>
internal sealed class Servers(string repository, string folder, int port) : IDisposable
{
    private const int Tries = 8;
    private const string Mark = "sluice.mark"; // ops/decisions/0014
    private readonly SemaphoreSlim _one = new(1, 1);

    private readonly Dictionary<string, string> _environment = new()
    {
        ["STACK_RUN_DIR"] = folder,
        ["STACK_PG_PORT"] = Text(port),
        ["STACK_MQ_PORT"] = Text(port + 1),
        ["STACK_MQ_MGMT_PORT"] = Text(port + 2),
        ["STACK_MQ_DIST_PORT"] = Text(port + 3),
        ["STACK_MQ_EPMD_PORT"] = Text(port + 4),
        ["STACK_MQ_MGMT"] = "0",
    };

    public int DatabasePort => port;
    public int BrokerPort => port + 1;

    public static string Database(int port, string user) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port};Database=sluice;Username={user};Password=sluice");

    public static string Broker(int port) => string.Create(CultureInfo.InvariantCulture, $"amqp://sluice:sluice@127.0.0.1:{port}/");

    /// <summary>Starts what does not run. A database whose processes are still going away is tried again.</summary>
    public async Task UpAsync()
    {
        await _one.WaitAsync();
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                (int code, string output) = await RunAsync("up");
                if (code == 0)
                {
                    return;
                }
                if (attempt == Tries)
                {
                    throw new InvalidOperationException($"The servers did not start: {output}");
                }
                await Task.Delay(500);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    public Task DownAsync() => RunAsync("down");

    /// <summary>Queues with messages, by name and number of those ready and unacknowledged; the mark that a node leaves to see a broker's loss by stays.</summary>
    public async Task<IReadOnlyList<string>> FullQueuesAsync()
    {
        (int code, string output) = await RunAsync("ctl", "-q", "list_queues", "--no-table-headers", "name", "messages_ready", "messages_unacknowledged");
        return code == 0
            ? [.. output.Split('\n').Select(line => line.Split('\t')).Where(part => part.Length == 3 && part[0] != Mark && (part[1] != "0" || part[2].Trim() != "0")).Select(part => string.Join(' ', part))]
            : [$"the broker does not tell: {output.Trim()}"];
    }

    public Task KillDatabaseAsync() => KillAsync(Path.Combine(folder, "pg/data/postmaster.pid"), group: false);

    public Task KillBrokerAsync() => KillAsync(Path.Combine(folder, "mq/pid"), group: true);

    /// <summary>What a broker knows that has lost its disk.</summary>
    public void WipeBroker()
    {
        Directory.Delete(Path.Combine(folder, "mq/mnesia"), recursive: true);
        Directory.CreateDirectory(Path.Combine(folder, "mq/mnesia"));
    }

    private Task<(int Code, string Output)> RunAsync(string verb, params string[] more) => Shell.RunAsync("bash", [Path.Combine(repository, "ops/services.sh"), verb, "--native", .. more], _environment);

    private static async Task KillAsync(string file, bool group)
    {
        if (!File.Exists(file) || !int.TryParse((await File.ReadAllLinesAsync(file))[0].Trim(), CultureInfo.InvariantCulture, out int pid))
        {
            return;
        }
        string target = Text(pid);
        if (group)
        {
            (_, string answer) = await Shell.RunAsync("ps", ["-o", "pgid=", "-p", target]);
            target = int.TryParse(answer.Trim(), CultureInfo.InvariantCulture, out int leader) ? $"-{Text(leader)}" : target;
        }
        await Shell.RunAsync("kill", ["-KILL", "--", target]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
