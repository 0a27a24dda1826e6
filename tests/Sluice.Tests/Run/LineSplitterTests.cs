using System.Text;
using Sluice.Service.Files;
using Xunit;

namespace Sluice.Tests.Run;

public sealed class LineSplitterTests
{
    private static async Task<List<(long Number, long Offset, string Text)>> SplitAsync(byte[] bytes, int most = 100, int piece = 7)
    {
        LineSplitter lines = new(new Dribble(bytes, piece), most);
        List<(long, long, string)> all = [];
        while (await lines.NextAsync(TestContext.Current.CancellationToken))
            all.Add((lines.Number, lines.Offset, lines.TooLong ? "too long" : Encoding.UTF8.GetString(lines.Line.Span)));
        Assert.Equal(bytes.Length, lines.Consumed);
        return all;
    }

    [Fact]
    public async Task Lines_end_with_LF_or_CRLF_and_the_last_may_lack_it() =>
        Assert.Equal([(1, 0, "a"), (2, 2, ""), (3, 3, "bc"), (4, 7, "d")], await SplitAsync("a\n\nbc\r\nd"u8.ToArray()));

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_the_first_line() =>
        Assert.Equal([(1, 0, "a"), (2, 5, "b")], await SplitAsync([0xEF, 0xBB, 0xBF, (byte)'a', (byte)'\n', (byte)'b', (byte)'\n']));

    [Theory]
    [InlineData(100, "x")]
    [InlineData(101, "too long")]
    [InlineData(1000, "too long")]
    public async Task A_line_that_is_too_long_is_passed_over_and_the_next_is_whole(int length, string first)
    {
        List<(long Number, long Offset, string Text)> lines = await SplitAsync(Encoding.UTF8.GetBytes(new string('x', length) + "\nnext\n"));
        Assert.Equal(first[0], lines[0].Text[0]);
        Assert.Equal((2, length + 1, "next"), lines[1]);
        Assert.Equal(2, lines.Count);
    }

    [Fact]
    public async Task A_last_line_that_is_too_long_is_one_line() => Assert.Equal([(1, 0, "too long")], await SplitAsync(new byte[500]));

    [Fact]
    public async Task Nothing_holds_no_line() => Assert.Empty(await SplitAsync([]));

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(100_000)]
    public async Task Pieces_of_any_size_give_the_same_lines(int piece)
    {
        string[] texts = [.. Enumerable.Range(0, 5000).Select(i => new string((char)('a' + (i % 26)), i % 90))];
        Assert.Equal(texts, (await SplitAsync(Encoding.UTF8.GetBytes(string.Join('\n', texts) + "\n"), piece: piece)).Select(line => line.Text));
    }

    /// <summary>A stream that gives a few bytes at a time.</summary>
    private sealed class Dribble(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
