namespace Sluice.Simulation.Tests.Clockwork;

/// <summary>Whether runs keep a line of all that matters: only where one seed is replayed.</summary>
internal static class SimTrace
{
    public const string SeedVariable = "SLUICE_SIM_SEED";

    [ThreadStatic]
    private static bool t_on;

    public static bool IsOn
    {
        get => t_on;
        set => t_on = value;
    }

    /// <summary>The seed to replay, or null.</summary>
    public static ulong? Seed => ulong.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out ulong seed) ? seed : null;
}
