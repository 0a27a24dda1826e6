using Sluice.Engine.Templates;
using Xunit;

namespace Sluice.Engine.Tests.Templates;

public sealed class GoldenTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string template in GoldenCase.Templates)
            {
                foreach (GoldenCase golden in GoldenCase.Of(template))
                    cases.Add(template, golden.Name);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_template_renders_as_Jinja_renders_it(string template, string name)
    {
        GoldenCase golden = GoldenCase.Of(template).Single(golden => golden.Name == name);
        ChatTemplate subject = ChatTemplate.Parse(GoldenCase.Source(template), template + ".jinja");
        if (golden.Expected is null)
        {
            TemplateException refusal = Assert.Throws<TemplateException>(() => subject.Render(golden.Messages, golden.Options));
            Assert.Contains("the template refuses", refusal.Message, StringComparison.Ordinal);
            return;
        }

        IReadOnlyList<TemplateSegment> segments = subject.Render(golden.Messages, golden.Options);
        Assert.Equal(golden.Expected, string.Concat(segments.Select(segment => segment.Text)));
        Assert.All(segments, segment => Assert.NotEmpty(segment.Text));
        for (int i = 1; i < segments.Count; i++)
            Assert.NotEqual(segments[i - 1].IsContent, segments[i].IsContent);
    }
}
