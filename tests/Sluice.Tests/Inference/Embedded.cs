using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Models;
using Sluice.Store;
using Sluice.Store.Memory;

namespace Sluice.Tests.Inference;

/// <summary>Rigs in one process: memory store, in-memory transport.</summary>
internal static class Embedded
{
    /// <summary>Short rounds; nobody is thought dead and no ticket is sent again but where a test asks for it.</summary>
    public static readonly IReadOnlyDictionary<string, string?> Quick = new Dictionary<string, string?>
    {
        ["Worker:HeartbeatInterval"] = "00:00:00.1",
        ["Worker:HeartbeatTimeout"] = "01:00:00",
        ["Worker:ReconcileInterval"] = "00:00:00.1",
        ["Worker:TicketTimeout"] = "01:00:00",
        ["Worker:LostInterval"] = "00:00:00.1",
        ["Worker:DrainTime"] = "00:00:01",
    };

    public static Task<WorkerRig> StartAsync(StubOptions? stub = null, params (string Key, string? Value)[] settings)
    {
        Dictionary<string, string?> all = new(Quick);
        foreach ((string key, string? value) in settings)
        {
            all[key] = value;
        }
        SluiceHostOptions options = new() { Embedded = true, Engine = EngineKind.Stub, Settings = all };
        return WorkerRig.StartAsync(options, services => services.AddMemoryStore(), stub);
    }

    /// <summary>As intake would hand it to the store, for a test that does so itself.</summary>
    public static NewJob Job(string prompt, long prefixKey) => new()
    {
        Id = JobId.New(TimeProvider.System),
        Tenant = "t1",
        Namespace = "default",
        Kind = JobKind.Generate,
        Class = JobClass.Standard,
        Model = StubModel.Name,
        ModelRevision = "stub-v1",
        Request = Prompt(prompt),
        PromptTokens = 10,
        MaxNewTokens = 16,
        PrefixKey = prefixKey,
    };

    public static JobRequest Prompt(string prompt) => new() { Model = StubModel.Name, Prompt = prompt, Cache = new CacheRequest { Mode = CacheMode.Off } };
}
