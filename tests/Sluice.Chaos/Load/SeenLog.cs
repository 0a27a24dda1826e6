using System.Text;

namespace Sluice.Chaos.Load;

/// <summary>What callers and the receiver saw, as `sluice check --client-log` reads it. Append-only; values are of our own making and need no escaping.</summary>
internal sealed class SeenLog(string path) : IDisposable
{
    private readonly StreamWriter _file = new(path, append: true, new UTF8Encoding(false), 1 << 16);
    private readonly Lock _lock = new();
    private int _accepted;
    private int _confirmed;

    public string Path => path;

    /// <summary>Jobs that were acknowledged, over HTTP or by the broker.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Of them, those that only the broker has acknowledged.</summary>
    public int ByBroker => Volatile.Read(ref _confirmed);

    public void Submitted(JobSpec spec) => Write($$"""{"event":"submitted","tenant":"{{spec.Tenant}}","key":"{{spec.Key}}","expect":"{{spec.Expect}}","webhook":{{(spec.Webhook ? "true" : "false")}}}""");

    public void Accept(JobSpec spec, string id)
    {
        Interlocked.Increment(ref _accepted);
        Write($$"""{"event":"accepted","tenant":"{{spec.Tenant}}","key":"{{spec.Key}}","id":"{{id}}"}""");
    }

    public void Confirmed(JobSpec spec)
    {
        Interlocked.Increment(ref _confirmed);
        Interlocked.Increment(ref _accepted);
        Write($$"""{"event":"confirmed","tenant":"{{spec.Tenant}}","key":"{{spec.Key}}"}""");
    }

    public void Ambiguous(JobSpec spec) => Write($$"""{"event":"ambiguous","tenant":"{{spec.Tenant}}","key":"{{spec.Key}}"}""");

    public void Rejected(JobSpec spec) => Write($$"""{"event":"rejected","tenant":"{{spec.Tenant}}","key":"{{spec.Key}}"}""");

    public void Result(string id, string state, string? answer) => Write(answer is null
        ? $$"""{"event":"result","id":"{{id}}","state":"{{state}}"}"""
        : $$"""{"event":"result","id":"{{id}}","state":"{{state}}","answer":"{{answer}}"}""");

    public void Webhook(string id, string job, string type, string body, bool verified) =>
        Write($$"""{"event":"webhook","id":"{{id}}","job":"{{job}}","type":"{{type}}","body":"{{body}}","verified":{{(verified ? "true" : "false")}}}""");

    /// <summary>Words that only this job's tenant may ever see.</summary>
    public void Canary(JobSpec spec) => Write($$"""{"event":"canary","tenant":"{{spec.Tenant}}","text":"{{spec.Prompt}}"}""");

    public void Flush()
    {
        lock (_lock)
        {
            _file.Flush();
        }
    }

    public void Dispose() => _file.Dispose();

    private void Write(string line)
    {
        lock (_lock)
        {
            _file.WriteLine(line);
        }
    }
}
