using System.Runtime.InteropServices;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>What an assembled tile of scores is called with. <see cref="AttentionAssembler"/> knows the fields by their offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ScoreArguments
{
    public byte* Queries; // (rows, head_dim) bfloat16
    public nint QueryStride; // bytes
    public nint Lines; // head_dim / 2
    public float* Scores; // (rows, pages x 16)
    public nint ScoreStride; // bytes
    public fixed long Keys[AttentionAssembler.MostPages]; // addresses: (head_dim / 2, 16, 2) each
    public fixed long Ahead[AttentionAssembler.MostPages]; // addresses of what is brought into the cache meanwhile
}

/// <summary>The same of values.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ValueArguments
{
    public byte* Weights; // (rows, pages x 16) bfloat16
    public nint WeightStride; // bytes
    public byte** Values; // (pages) addresses: (8, value stride, 2) each; as many as a stretch has further on, of what is brought into the cache meanwhile
    public nint Pages; // 1 or more
    public nint Pairs; // pairs of slots of each page, 0 to 8
    public nint Odd; // not 0: one slot more, of the only page
    public nint LineBytes; // of a pair of slots
    public nint Column; // bytes in front of the first
    public float* Outputs; // (rows, columns x 16): added to
    public nint OutputStride; // bytes
}
