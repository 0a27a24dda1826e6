namespace Sluice.Tuning.Training;

/// <summary>A Llama to be trained: grouped-query attention, SwiGLU, RMSNorm before each half, rotary positions, head tied to the embedding.</summary>
internal sealed record TrainingShape(int Hidden, int Layers, int Heads, int KvHeads, int Intermediate, int Vocabulary, int Context)
{
    public const double NormEps = 1e-5;
    public const double RopeTheta = 10_000;

    public int HeadDim => Hidden / Heads;
    public int KvWidth => KvHeads * HeadDim;
}
