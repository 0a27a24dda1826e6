using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Backends.Reference;

namespace Sluice.Engine.Backends;

/// <summary>Which backend runs a model: the environment's <c>SLUICE_BACKEND</c>, else what was asked for, else the fastest.</summary>
internal static class BackendPicker
{
    public const string Variable = "SLUICE_BACKEND";

    /// <summary><c>on</c>, <c>off</c>, or <c>all</c> for those too that this processor is slower with: kernels assembled at start. The environment wins over the options.</summary>
    public const string AssembledVariable = "SLUICE_ASSEMBLED";

    /// <summary>Throws <see cref="ArgumentException"/> for a name that is not <c>cpu</c> or <c>reference</c>.</summary>
    public static IBackend Pick(string? asked, int threads, bool assembled, bool evenSlow = false, AssembledKernels? kernels = null) =>
        Create(
            Environment.GetEnvironmentVariable(Variable), asked, threads,
            Switch(Environment.GetEnvironmentVariable(AssembledVariable), assembled), evenSlow || Environment.GetEnvironmentVariable(AssembledVariable) == "all", kernels);

    internal static bool Switch(string? forced, bool asked) => forced switch
    {
        null or "" => asked,
        "on" or "all" => true,
        "off" => false,
        _ => throw new ArgumentException($"{AssembledVariable}: expected on, off or all, found '{forced}'"),
    };

    internal static IBackend Create(string? forced, string? asked, int threads, bool assembled = false, bool evenSlow = false, AssembledKernels? kernels = null)
    {
        string source = string.IsNullOrEmpty(forced) ? "Backend" : Variable;
        string? name = string.IsNullOrEmpty(forced) ? asked : forced;
        return name switch
        {
            null or "cpu" => new Cpu.CpuBackend(threads, assembled ? kernels ?? AssembledKernels.OfProcess : null, evenSlow),
            "reference" => new ReferenceBackend(),
            _ => throw new ArgumentException($"{source}: expected cpu or reference, found '{name}'"),
        };
    }
}
