using System.Text;

namespace Sluice.Engine.Tokens;

/// <summary>Reads the <c>normalizer</c> of a tokenizer file.</summary>
internal static class NormalizerReader
{
    // Far above any real chain; a few replacements could make any length of a short prompt otherwise.
    private const int MostGrowth = 1024;

    public static Normalizer Read(JsonField field)
    {
        Normalizer normalizer = Step(field);
        TextGrowth growth = new();
        normalizer.Grow(growth);
        if (growth.Most > MostGrowth)
            throw field.Fault($"may make a text more than {MostGrowth} times as long");
        if (growth.Added > MostGrowth)
            throw field.Fault($"puts more than {MostGrowth} characters in front of a text");
        return normalizer;
    }

    private static Normalizer Step(JsonField field)
    {
        JsonField type = field.Required("type");
        switch (type.Text())
        {
            case "Sequence":
                return new NormalizerSequence([.. field.Required("normalizers").Items().Select(Step)]);
            case "Prepend":
                return new PrependNormalizer(field.Required("prepend").Text());
            case "Replace":
                return new ReplaceNormalizer(Literal(field.Required("pattern")), field.Required("content").Text());
            case "NFC":
                return Unicode(type, NormalizationForm.FormC);
            case "NFD":
                return Unicode(type, NormalizationForm.FormD);
            case "NFKC":
                return Unicode(type, NormalizationForm.FormKC);
            case "NFKD":
                return Unicode(type, NormalizationForm.FormKD);
            case "Lowercase":
                return new LowercaseNormalizer();
            case "StripAccents":
                return new StripAccentsNormalizer();
            case "Strip":
                return new StripNormalizer(field.Flag("strip_left", true), field.Flag("strip_right", true));
            case "BertNormalizer":
                bool lowercase = field.Flag("lowercase", true);
                bool strips = field.Flag("strip_accents", lowercase);
                if (strips)
                    Unicode(type, NormalizationForm.FormD);
                return new BertNormalizer(field.Flag("clean_text", true), field.Flag("handle_chinese_chars", true), strips, lowercase);
            default:
                throw type.Unsupported("no such normalizer is known here");
        }
    }

    /// <summary>Refused where the process would leave texts as they are: they would get other tokens than the model was trained on.</summary>
    private static UnicodeNormalizer Unicode(JsonField type, NormalizationForm form) => UnicodeNormalizer.Works
        ? new UnicodeNormalizer(form)
        : throw type.Unsupported("this process runs in globalization-invariant mode (DOTNET_SYSTEM_GLOBALIZATION_INVARIANT), in which .NET does not normalize Unicode");

    /// <summary>The literal of a pattern that may only be a literal.</summary>
    public static string Literal(JsonField pattern)
    {
        if (!pattern.Optional("String", out JsonField literal))
            throw pattern.Fault("must hold a String: regular expressions out of files are not run");
        return literal.Text().Length > 0 ? literal.Text() : throw literal.Fault("is an empty string, which matches everywhere");
    }
}
