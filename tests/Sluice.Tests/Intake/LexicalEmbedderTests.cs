using Sluice.Service.Cache;
using Xunit;

namespace Sluice.Tests.Intake;

public sealed class LexicalEmbedderTests
{
    private readonly LexicalEmbedder _embedder = new();

    [Theory]
    [InlineData("Hello")]
    [InlineData("")]
    [InlineData(" \n\t!?")]
    [InlineData("Die Straße ist naß \U0001F600")]
    public void A_vector_has_length_one(string text)
    {
        float[] vector = _embedder.Embed(text);
        Assert.Equal(256, vector.Length);
        Assert.Equal(1.0, vector.Sum(x => (double)x * x), tolerance: 1e-5);
    }

    [Fact]
    public void Case_and_punctuation_do_not_count()
    {
        Assert.Equal(_embedder.Embed("How are you"), _embedder.Embed("HOW, are   you?!"));
    }

    [Fact]
    public void A_paraphrase_is_nearer_than_another_subject()
    {
        float[] question = _embedder.Embed("How do I reset my password for the web shop?");
        double near = Dot(question, _embedder.Embed("How can I reset the password of my web shop account?"));
        double far = Dot(question, _embedder.Embed("Which trains go from Hamburg to Munich on Sunday?"));
        Assert.True(near > 0.5 && far < 0.3, $"near {near:0.000}, far {far:0.000}");
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
