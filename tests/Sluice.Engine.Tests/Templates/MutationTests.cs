using System.Diagnostics;
using System.Text;
using Sluice.Engine.Templates;
using Xunit;

namespace Sluice.Engine.Tests.Templates;

public sealed class MutationTests
{
    private const int MutantsPerTemplate = 400;

    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);

    private static readonly string[] s_scraps =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-%}", "{%-", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "|", ".", ",", ":", "=", "==", "~", "**", "//", "-",
        " if ", " else ", " for ", " in ", " not ", " is ", " and ", "{% endif %}", "{% endfor %}", "{% set x = ", "{% break %}", "loop", "none", "9999999999", "1e9",
        "|length", "|tojson", "|list", "|join", "|int", "|sort", "|map(", ".items()", ".split(", "[::-1]", "\ud83d", "\0", "\n", "range(",
    ];

    public static TheoryData<string> Templates => [.. GoldenCase.Templates];

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_broken_template_gives_a_declared_error_or_a_prompt(string name)
    {
        string source = GoldenCase.Source(name);
        List<GoldenCase> cases = GoldenCase.Of(name);
        Random random = new(name.Sum(c => c));
        int refused = 0;
        for (int i = 0; i < MutantsPerTemplate; i++)
        {
            string mutant = Mutate(source, random);
            GoldenCase golden = cases[i % cases.Count];
            Stopwatch watch = Stopwatch.StartNew();
            try
            {
                ChatTemplate.Parse(mutant, name).Render(golden.Messages, golden.Options);
            }
            catch (TemplateException refusal)
            {
                refused++;
                Assert.StartsWith(name, refusal.Message, StringComparison.Ordinal);
            }

            Assert.True(watch.Elapsed < s_bound, $"{watch.Elapsed} for:\n{mutant}");
        }

        Assert.InRange(refused, 1, MutantsPerTemplate - 1);
    }

    private static string Mutate(string source, Random random)
    {
        StringBuilder text = new(source);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 12), text.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    text.Remove(at, length);
                    break;
                case 1:
                    text.Insert(at, s_scraps[random.Next(s_scraps.Length)]);
                    break;
                case 2:
                    text.Insert(random.Next(text.Length), text.ToString(at, length));
                    break;
                case 3:
                    text[at] = (char)random.Next(128);
                    break;
                default:
                    text.Remove(at, length).Insert(at, s_scraps[random.Next(s_scraps.Length)]);
                    break;
            }
        }

        return text.ToString();
    }
}
