using System.Text;
using System.Text.RegularExpressions;
using Sluice.Engine.Templates;
using Sluice.Engine.Tests.Templates;
using Xunit;

namespace Sluice.Engine.Tests.Mutants;

/// <summary>Templates taken apart into tags, and tags into words, and put together wrongly. Where MutationTests changes characters, this changes what they mean.</summary>
public sealed partial class TemplateMutantTests
{
    private static readonly string[] s_words =
    [
        "range(100000)", "messages", "messages|length", "loop.index0", "namespace()", "none", "true", "-1", "9223372036854775807", "0.1", "''", "'x'*999999", "[]", "{}", "x", "|tojson", "|join",
        "|sort", "|list", "|map(attribute='content')", "[0]", "[::-1]", "[999]", ".items()", ".content", ".__class__", "**", "//", "%", "~", "in", "not", "is defined", "is mapping", "recursive",
    ];

    public static TheoryData<string> Templates => [.. GoldenCase.Templates];

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_mutant_gives_a_prompt_or_a_declared_error(string name)
    {
        string[] parts = [.. Tag().Split(GoldenCase.Source(name)).Where(part => part.Length > 0)];
        List<GoldenCase> cases = GoldenCase.Of(name);
        MutantRun.Default.Over($"template {name}", 400, random => Encoding.UTF8.GetBytes(Mutate(parts, random)), Render, typeof(TemplateException));

        void Render(byte[] mutant)
        {
            ChatTemplate template = ChatTemplate.Parse(Encoding.UTF8.GetString(mutant), name);
            GoldenCase golden = cases[mutant.Length % cases.Count];
            template.Render(golden.Messages, golden.Options);
        }
    }

    private static string Mutate(string[] parts, Random random)
    {
        List<string> mutant = [.. parts];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(mutant.Count), other = random.Next(mutant.Count);
            switch (random.Next(8))
            {
                case 0 when mutant.Count > 1:
                    mutant.RemoveAt(at);
                    break;
                case 1:
                    mutant.Insert(other, mutant[at]);
                    break;
                case 2:
                    (mutant[at], mutant[other]) = (mutant[other], mutant[at]);
                    break;
                case 3:
                    mutant.InsertRange(other, Enumerable.Repeat(mutant[at], random.Next(2, 60)));
                    break;
                default:
                    mutant[at] = Reworded(mutant[at], random);
                    break;
            }
        }
        return string.Concat(mutant);
    }

    /// <summary>One word of a tag is another.</summary>
    private static string Reworded(string tag, Random random)
    {
        MatchCollection words = Word().Matches(tag);
        if (words.Count == 0)
        {
            return tag;
        }
        Match word = words[random.Next(words.Count)];
        string other = random.Next(3) == 0 ? words[random.Next(words.Count)].Value : s_words[random.Next(s_words.Length)];
        return tag[..word.Index] + other + tag[(word.Index + word.Length)..];
    }

    [GeneratedRegex(@"(\{[{%#][\s\S]*?[}%#]\})")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\w+|'[^']*'|[|.=+~*/<>!\[\](){}-]+")]
    private static partial Regex Word();
}
