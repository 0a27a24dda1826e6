using Sluice.Engine.Backends.Reference;

namespace Sluice.Engine.Backends;

/// <summary>Which backend runs a model: the environment's <c>SLUICE_BACKEND</c>, else what was asked for, else the fastest.</summary>
internal static class BackendPicker
{
    public const string Variable = "SLUICE_BACKEND";

    /// <summary><c>on</c> or <c>off</c>: kernels assembled at start; what the environment says wins over the options.</summary>
    public const string AssembledVariable = "SLUICE_ASSEMBLED";

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is not <c>cpu</c> or <c>reference</c>.</summary>
    public static IBackend Pick(string? asked, int threads, bool assembled) =>
        Create(Environment.GetEnvironmentVariable(Variable), asked, threads, Switch(Environment.GetEnvironmentVariable(AssembledVariable), assembled));

    internal static bool Switch(string? forced, bool asked) => forced switch
    {
        null or "" => asked,
        "on" => true,
        "off" => false,
        _ => throw new ArgumentException($"{AssembledVariable}: expected on or off, found '{forced}'"),
    };

    internal static IBackend Create(string? forced, string? asked, int threads, bool assembled = false)
    {
        string source = string.IsNullOrEmpty(forced) ? "Backend" : Variable;
        string? name = string.IsNullOrEmpty(forced) ? asked : forced;
        return name switch
        {
            null or "cpu" => new Cpu.CpuBackend(threads, assembled),
            "reference" => new ReferenceBackend(),
            _ => throw new ArgumentException($"{source}: expected cpu or reference, found '{name}'"),
        };
    }
}
