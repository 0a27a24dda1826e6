using Sluice.Engine.Backends.Reference;

namespace Sluice.Engine.Backends;

/// <summary>Which backend runs a model: the environment's <c>SLUICE_BACKEND</c>, else what was asked for, else the fastest.</summary>
internal static class BackendPicker
{
    public const string Variable = "SLUICE_BACKEND";

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is not <c>cpu</c> or <c>reference</c>.</summary>
    public static IBackend Pick(string? asked, int threads) => Create(Environment.GetEnvironmentVariable(Variable), asked, threads);

    internal static IBackend Create(string? forced, string? asked, int threads)
    {
        string source = string.IsNullOrEmpty(forced) ? "Backend" : Variable;
        string? name = string.IsNullOrEmpty(forced) ? asked : forced;
        return name switch
        {
            null or "cpu" => new Cpu.CpuBackend(threads),
            "reference" => new ReferenceBackend(),
            _ => throw new ArgumentException($"{source}: expected cpu or reference, found '{name}'"),
        };
    }
}
