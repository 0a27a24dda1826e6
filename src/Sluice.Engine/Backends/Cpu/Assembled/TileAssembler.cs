using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>
/// Writes the machine code of y = x · panelᵀ for so many rows x so many panels of 32 outputs. A line is 4 bytes of every row and 128 bytes of every panel,
/// for both kinds: two bfloat16 or four bytes of each output. System V calling convention, rdi the <see cref="TileArguments"/>.
/// </summary>
/// <remarks>
/// Sums of row r, panel p, half h stand in zmm(2 panels r + 2 p + h), up to 24. With one panel its two registers of weights are held and the rows' four bytes
/// are broadcast one after the other; with several, the rows' broadcasts are held and weights come one after the other. The sum of an output is one chain
/// over the lines in ascending order, whatever the tile. Rows are reached from every third one by none, one and two strides.
/// </remarks>
internal sealed class TileAssembler(TileKind kind)
{
    public const int MostRows = 12;
    private const int X = 0, XStride = 8, Weights = 16, PanelBytes = 24, Lines = 32, Y = 40, YStride = 48, Scales = 56;
    private const int Sums = 24;
    private const int Ahead = 4096;

    private static readonly AssemblerRegisterZMM[] _zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private static readonly AssemblerRegister64[] _rows = [rax, rdx, rsi, r8]; // rows 0, 3, 6, 9
    private readonly Assembler _code = new(64);

    /// <summary>Panels that so many rows take at once, so that there are sums enough that do not wait for each other.</summary>
    public static int Panels(int rows) => rows switch { <= 3 => 4, 4 => 3, <= 6 => 2, _ => 1 };

    /// <summary>The code of one tile.</summary>
    public byte[] Tile(int rows, int panels)
    {
        Load(rows);
        Clear(rows * panels * 2);
        Label loop = _code.CreateLabel();
        _code.Label(ref loop);
        for (int p = 0; p < panels; p++)
        {
            _code.prefetcht1(__byte_ptr[Panel(p) + Ahead]);
            _code.prefetcht1(__byte_ptr[Panel(p) + Ahead + 64]);
        }

        if (panels == 1)
            HoldWeights(rows);
        else
            HoldRows(rows, panels);
        for (int i = 0; i * 3 < rows; i++)
            _code.add(_rows[i], 4);
        _code.add(rcx, 128);
        if (panels > 3)
            _code.add(r11, 128);
        _code.dec(rbx);
        _code.jnz(loop);
        Store(rows, panels);
        _code.vzeroupper();
        _code.pop(rbx);
        _code.ret();
        return Bytes();
    }

    /// <summary>A loop of products in registers alone, 24 sums side by side, <see cref="TileArguments.Lines"/> times round.</summary>
    public byte[] Peak()
    {
        _code.push(rbx);
        _code.mov(rbx, __[rdi + Lines]);
        Clear(Sums + 2);
        Label loop = _code.CreateLabel();
        _code.Label(ref loop);
        for (int i = 0; i < Sums; i++)
            Multiply(_zmm[i], _zmm[Sums], _zmm[Sums + 1]);
        _code.dec(rbx);
        _code.jnz(loop);
        _code.vzeroupper();
        _code.pop(rbx);
        _code.ret();
        return Bytes();
    }

    /// <summary>Multiplications and additions of one round of <see cref="Peak"/>.</summary>
    public static int PeakOperations(TileKind kind) => Sums * 16 * 2 * (kind == TileKind.Int8 ? 4 : 2);

    private void Load(int rows)
    {
        _code.push(rbx);
        _code.mov(rax, __[rdi + X]);
        _code.mov(r9, __[rdi + XStride]);
        _code.mov(rcx, __[rdi + Weights]);
        _code.mov(r10, __[rdi + PanelBytes]);
        _code.mov(rbx, __[rdi + Lines]);
        _code.lea(r11, __[r10 + r10 * 2]);
        _code.add(r11, rcx);
        for (int i = 1; i * 3 < rows; i++)
        {
            _code.lea(_rows[i], __[_rows[i - 1] + r9 * 2]);
            _code.add(_rows[i], r9);
        }
    }

    private void Clear(int registers)
    {
        for (int i = 0; i < registers; i++)
            _code.vpxord(_zmm[i], _zmm[i], _zmm[i]);
    }

    private void HoldWeights(int rows)
    {
        _code.vmovdqu32(zmm24, __zmmword_ptr[rcx]);
        _code.vmovdqu32(zmm25, __zmmword_ptr[rcx + 64]);
        for (int row = 0; row < rows; row++)
        {
            AssemblerRegisterZMM four = _zmm[26 + (row % 6)];
            _code.vpbroadcastd(four, __dword_ptr[Row(row)]);
            Multiply(_zmm[2 * row], four, zmm24);
            Multiply(_zmm[(2 * row) + 1], four, zmm25);
        }
    }

    private void HoldRows(int rows, int panels)
    {
        for (int row = 0; row < rows; row++)
            _code.vpbroadcastd(_zmm[Sums + row], __dword_ptr[Row(row)]);
        int free = 32 - Sums - rows;
        for (int i = 0; i < panels * 2; i++)
        {
            AssemblerRegisterZMM weights = _zmm[Sums + rows + (i % free)];
            _code.vmovdqu32(weights, __zmmword_ptr[Panel(i / 2) + (i % 2 * 64)]);
            for (int row = 0; row < rows; row++)
                Multiply(_zmm[(2 * panels * row) + i], _zmm[Sums + row], weights);
        }
    }

    // The first factor is the rows': unsigned where they are bytes.
    private void Multiply(AssemblerRegisterZMM sum, AssemblerRegisterZMM rows, AssemblerRegisterZMM weights)
    {
        if (kind == TileKind.Int8)
            _code.vpdpbusd(sum, rows, weights);
        else
            _code.vdpbf16ps(sum, rows, weights);
    }

    // Int8: (sum - correction) x scale of the output x scale of the row, as everywhere. The panel's heading, 256 bytes before its lines: scales, corrections.
    private void Store(int rows, int panels)
    {
        _code.mov(rax, __[rdi + Y]);
        _code.mov(rdx, __[rdi + YStride]);
        _code.mov(rcx, __[rdi + Weights]);
        _code.mov(rsi, __[rdi + Scales]);
        for (int i = 0; i < panels * 2; i++)
        {
            int half = i % 2 * 64;
            _code.mov(r8, rax);
            if (kind == TileKind.Int8)
            {
                if (i > 0 && half == 0)
                    _code.add(rcx, r10);
                _code.vmovups(zmm24, __zmmword_ptr[rcx - Int8Panels.Heading + half]);
                _code.vmovdqu32(zmm25, __zmmword_ptr[rcx - 128 + half]);
            }

            for (int row = 0; row < rows; row++)
            {
                AssemblerRegisterZMM sum = _zmm[(2 * panels * row) + i];
                if (kind == TileKind.Int8)
                {
                    _code.vpsubd(sum, sum, zmm25);
                    _code.vcvtdq2ps(sum, sum);
                    _code.vmulps(sum, sum, zmm24);
                    _code.vmulps(sum, sum, __dword_bcst[rsi + (4 * row)]);
                }

                _code.vmovups(__zmmword_ptr[r8 + (64 * i)], sum);
                if (row + 1 < rows)
                    _code.add(r8, rdx);
            }
        }
    }

    private static AssemblerMemoryOperand Row(int row) => (row % 3) switch
    {
        0 => __[_rows[row / 3]],
        1 => __[_rows[row / 3] + r9],
        _ => __[_rows[row / 3] + r9 * 2],
    };

    private static AssemblerMemoryOperand Panel(int panel) => panel switch
    {
        0 => __[rcx],
        1 => __[rcx + r10],
        2 => __[rcx + r10 * 2],
        _ => __[r11],
    };

    private byte[] Bytes()
    {
        using MemoryStream stream = new();
        _code.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }
}
