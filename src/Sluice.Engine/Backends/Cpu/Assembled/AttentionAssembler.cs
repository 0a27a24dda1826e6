using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>
/// Writes the machine code of the two products of attention with pairs of bfloat16 (<c>vdpbf16ps</c>): scores of so many queries over so many pages, and
/// outputs += weights x values for so many queries and so many times 16 columns. System V calling convention, rdi the arguments.
/// </summary>
/// <remarks>
/// Sums of row r, page or columns c stand in zmm(r x count + c), up to 24; behind them a line of each page, and broadcasts of the rows' pairs. Each sum is
/// one chain in ascending order of elements or slots, whatever the tile. Rows are reached from every third one by none, one and two strides.
/// </remarks>
internal sealed class AttentionAssembler
{
    public const int MostRows = 12;
    public const int MostPages = 4;
    private const int Sums = 24;
    private const int Queries = 0, QueryStride = 8, Lines = 16, Scores = 24, ScoreStride = 32, Keys = 40, KeysAhead = Keys + (8 * MostPages);
    private const int Weights = 0, WeightStride = 8, Values = 16, Pages = 24, Pairs = 32, Odd = 40, LineBytes = 48, Column = 56, Outputs = 64, OutputStride = 72;

    private static readonly AssemblerRegisterZMM[] _zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private static readonly AssemblerRegister64[] _saved = [rbx, rbp, r12, r13, r14, r15];
    private static readonly AssemblerRegister64[] _rows = [rax, rdx, rsi, r8]; // rows 0, 3, 6, 9
    private static readonly AssemblerRegister64[] _pages = [rcx, r10, r11, r12];
    private static readonly AssemblerRegister64[] _ahead = [r13, r14, r15, rbp];
    private readonly Assembler _code = new(64);

    /// <summary>Pages whose scores so many rows take at once.</summary>
    public static int PagesOf(int rows) => rows <= 6 ? 4 : 2;

    /// <summary>Sixteens of columns that so many rows take at once.</summary>
    public static int ColumnsOf(int rows) => rows <= 6 ? 4 : 2;

    /// <summary>
    /// Lines of 64 bytes that scores bring for each line of keys. Few rows wait for memory: scores bring the values of their own pages, and values the keys of the
    /// next stretch. With many it is faster that scores bring the pages that come next, keys and values, and values nothing.
    /// </summary>
    public static int LinesAhead(int rows) => rows <= 6 ? 1 : 2;

    /// <summary>The code of <see cref="ScoreArguments"/>.</summary>
    /// <param name="rows">Queries.</param>
    /// <param name="pages">1 or <see cref="PagesOf"/>.</param>
    /// <param name="ahead">Brings other memory into the second-level cache meanwhile, see <see cref="LinesAhead"/>.</param>
    public byte[] ScoreTile(int rows, int pages, bool ahead)
    {
        Enter(rows, Queries, QueryStride);
        for (int i = 0; i < pages; i++)
        {
            _code.mov(_pages[i], __[rdi + Keys + (8 * i)]);
            if (ahead)
                _code.mov(_ahead[i], __[rdi + KeysAhead + (8 * i)]);
        }

        _code.mov(rbx, __[rdi + Lines]);
        for (int i = 0; i < rows * pages; i++)
            _code.vpxord(_zmm[i], _zmm[i], _zmm[i]);
        Label loop = _code.CreateLabel();
        _code.Label(ref loop);
        for (int i = 0; i < pages; i++)
        {
            _code.vmovdqu32(_zmm[Sums + i], __zmmword_ptr[_pages[i]]);
            _code.add(_pages[i], 64);
            if (!ahead)
                continue;
            for (int line = 0; line < LinesAhead(rows); line++)
                _code.prefetcht1(__byte_ptr[_ahead[i] + (64 * line)]);
            _code.sub(_ahead[i], -64 * LinesAhead(rows));
        }

        Multiply(rows, pages);
        _code.dec(rbx);
        _code.jnz(loop);
        _code.mov(rax, __[rdi + Scores]);
        Store(rows, pages, rax, ScoreStride);
        return Leave();
    }

    /// <summary>The code of <see cref="ValueArguments"/>.</summary>
    /// <param name="rows">Queries.</param>
    /// <param name="columns">Sixteens of columns, at most <see cref="ColumnsOf"/>.</param>
    /// <param name="ahead">Brings other memory into the second-level cache meanwhile, see <see cref="LinesAhead"/>.</param>
    public byte[] ValueTile(int rows, int columns, bool ahead)
    {
        ahead &= LinesAhead(rows) == 1;
        Enter(rows, Weights, WeightStride);
        _code.mov(r10, __[rdi + LineBytes]);
        _code.mov(r11, __[rdi + Values]);
        _code.mov(r12, __[rdi + Pages]);
        _code.mov(r13, __[rdi + Column]);
        _code.mov(r14, __[rdi + Pairs]);
        _code.mov(r15, __[rdi + OutputStride]);
        _code.mov(rbp, __[rdi + Outputs]);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < columns; i++)
                _code.vmovups(_zmm[(row * columns) + i], __zmmword_ptr[rbp + (64 * i)]);
            if (row + 1 < rows)
                _code.add(rbp, r15);
        }

        Label page = _code.CreateLabel(), pair = _code.CreateLabel(), next = _code.CreateLabel(), end = _code.CreateLabel();
        _code.Label(ref page);
        _code.mov(rcx, __[r11]);
        _code.add(rcx, r13);
        if (ahead)
        {
            _code.mov(rbp, __[r11 + (8 * PrefixGroups.StretchPages)]);
            _code.add(rbp, r13);
        }

        _code.add(r11, 8);
        _code.mov(rbx, r14);
        _code.test(rbx, rbx);
        _code.jz(next);
        _code.Label(ref pair);
        for (int i = 0; i < columns; i++)
        {
            _code.vmovdqu32(_zmm[Sums + i], __zmmword_ptr[rcx + (64 * i)]);
            if (ahead)
                _code.prefetcht1(__byte_ptr[rbp + (64 * i)]);
        }

        _code.add(rcx, r10);
        if (ahead)
            _code.add(rbp, r10);
        Multiply(rows, columns);
        _code.dec(rbx);
        _code.jnz(pair);
        _code.Label(ref next);
        _code.dec(r12);
        _code.jnz(page);

        // The last slot without the one beside it, which may hold anything.
        _code.cmp(__qword_ptr[rdi + Odd], 0);
        _code.je(end);
        for (int i = 0; i < columns; i++)
        {
            _code.vmovdqu32(_zmm[Sums + i], __zmmword_ptr[rcx + (64 * i)]);
            _code.vpslld(_zmm[Sums + i], _zmm[Sums + i], 16);
            _code.vpsrld(_zmm[Sums + i], _zmm[Sums + i], 16);
        }

        Multiply(rows, columns);
        _code.Label(ref end);
        _code.mov(rax, __[rdi + Outputs]);
        Store(rows, columns, rax, OutputStride);
        return Leave();
    }

    private void Enter(int rows, int first, int stride)
    {
        foreach (AssemblerRegister64 register in _saved)
            _code.push(register);
        _code.mov(rax, __[rdi + first]);
        _code.mov(r9, __[rdi + stride]);
        for (int i = 1; i * 3 < rows; i++)
        {
            _code.lea(_rows[i], __[_rows[i - 1] + r9 * 2]);
            _code.add(_rows[i], r9);
        }
    }

    // A pair of every row with the lines that lie behind the sums; then the rows' next pair.
    private void Multiply(int rows, int count)
    {
        int free = 32 - Sums - count;
        for (int row = 0; row < rows; row++)
        {
            AssemblerRegisterZMM pair = _zmm[Sums + count + (row % free)];
            _code.vpbroadcastd(pair, __dword_ptr[Row(row)]);
            for (int i = 0; i < count; i++)
                _code.vdpbf16ps(_zmm[(row * count) + i], pair, _zmm[Sums + i]);
        }

        for (int i = 0; i * 3 < rows; i++)
            _code.add(_rows[i], 4);
    }

    private void Store(int rows, int count, AssemblerRegister64 target, int stride)
    {
        _code.mov(rdx, __[rdi + stride]);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < count; i++)
                _code.vmovups(__zmmword_ptr[target + (64 * i)], _zmm[(row * count) + i]);
            if (row + 1 < rows)
                _code.add(target, rdx);
        }
    }

    private byte[] Leave()
    {
        _code.vzeroupper();
        for (int i = _saved.Length - 1; i >= 0; i--)
            _code.pop(_saved[i]);
        _code.ret();
        using MemoryStream stream = new();
        _code.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }

    private static AssemblerMemoryOperand Row(int row) => (row % 3) switch
    {
        0 => __[_rows[row / 3]],
        1 => __[_rows[row / 3] + r9],
        _ => __[_rows[row / 3] + r9 * 2],
    };
}
