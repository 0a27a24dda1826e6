using System.Text;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>Seeded text that is unkind to tokenizers.</summary>
internal static class RandomText
{
    // letters of both cases and none, marks, digits of three kinds, spaces of five, line ends, signs
    private const string Unkind = "aBéßǅʰ日一龥ゟヿก\u0301\u0903\u20DD059٣½Ⅷ \t\r\n\u00A0\u2003'’.,!/_-+€＄\u200D\u0000\u0085ſK";

    /// <summary>Basic-plane text of up to <paramref name="most"/> chars.</summary>
    public static string Classes(Random random, int most)
    {
        char[] chars = new char[random.Next(most + 1)];
        for (int i = 0; i < chars.Length; i++)
            chars[i] = random.Next(4) == 0 ? "'sStTrReEvVlLmMdD  "[random.Next(18)] : Unkind[random.Next(Unkind.Length)];
        return new string(chars);
    }

    /// <summary>Text of up to <paramref name="most"/> code points out of all of Unicode.</summary>
    public static string Unicode(Random random, int most)
    {
        StringBuilder text = new();
        int count = random.Next(most + 1);
        for (int i = 0; i < count; i++)
        {
            int limit = random.Next(4) switch { 0 => 0x80, 1 => 0x800, 2 => 0xFFFF, _ => 0x10FFFF };
            int value = random.Next(limit + 1);
            text.Append(Rune.IsValid(value) ? new Rune(value).ToString() : "hello world");
        }

        return text.ToString();
    }
}
