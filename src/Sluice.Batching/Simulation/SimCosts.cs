namespace Sluice.Batching.Simulation;

/// <summary>Seconds of a step: a + b × prefill tokens + c × decode tokens + d × positions attended to, and <see cref="Arrival"/> for each job that comes meanwhile. The defaults are those of a model of about 8 billion parameters on one large accelerator.</summary>
internal readonly record struct SimCosts(double Step, double Prefill, double Decode, double Kv, double Arrival = 0)
{
    public static SimCosts Default { get; } = new(0.005, 20e-6, 20e-6, 1e-9);

    public double Of(long prefill, long decode, long kv) => Step + Prefill * prefill + Decode * decode + Kv * kv;
}
