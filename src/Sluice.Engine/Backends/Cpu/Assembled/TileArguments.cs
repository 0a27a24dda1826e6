using System.Runtime.InteropServices;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>What an assembled tile is called with. <see cref="TileAssembler"/> knows the fields by their offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileArguments
{
    public byte* X; // (rows, lines x 4 bytes)
    public nint XStride;
    public byte* Weights; // first line of the first panel
    public nint PanelBytes;
    public nint Lines; // 1 or more
    public float* Y; // (rows, panels x 32)
    public nint YStride; // bytes
    public float* Scales; // int8: (rows)
}
