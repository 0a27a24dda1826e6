using Sluice.Engine.Sampling;
using Xunit;

namespace Sluice.Engine.Tests.Sampling;

public sealed class TextCutterTests
{
    [Theory]
    [InlineData("Hello END", "END", "Hello ")]
    [InlineData("one\n\ntwo", "\n\n", "one")]
    [InlineData("aaab", "aab", "a")]
    [InlineData("stop", "stop", "")]
    public void A_stop_text_is_found_however_the_text_is_cut_into_pieces(string text, string stop, string kept)
    {
        for (int cuts = 0; cuts < 1 << (text.Length - 1); cuts++)
        {
            TextCutter cutter = new([stop]);
            int from = 0;
            for (int i = 1; i <= text.Length && !cutter.Stopped; i++)
            {
                if (i < text.Length && (cuts >> (i - 1) & 1) == 0)
                    continue;
                cutter.Append(text.AsSpan(from, i - from));
                from = i;
            }

            Assert.True(cutter.Stopped);
            Assert.Equal(kept, cutter.Text);
        }
    }

    [Fact]
    public void The_first_of_several_cuts()
    {
        TextCutter cutter = new(["xyz", "lo", "w"]);
        Assert.True(cutter.Append("hello world xyz"));
        Assert.Equal("hel", cutter.Text);
        Assert.True(cutter.Append("more"));
        Assert.Equal("hel", cutter.Text);
    }

    [Fact]
    public void Text_without_a_stop_stays_whole()
    {
        TextCutter cutter = new(["zzz"]);
        string text = new('z', 2);
        for (int i = 0; i < 400; i++)
            Assert.False(cutter.Append(i % 2 == 0 ? text : "y"));
        Assert.Equal(600, cutter.Text.Length);
    }
}
