namespace Sluice.Engine.Tokens;

/// <summary>
/// The 256 visible characters that stand for bytes in byte-level vocabularies: printable Latin-1 stands for itself,
/// the other 68 bytes, in order, for U+0100 onwards.
/// </summary>
internal static class ByteLevelAlphabet
{
    private const int Others = 0x100;

    private static readonly char[] s_chars = Build();
    private static readonly short[] s_bytes = Invert();

    public static char CharOf(byte value) => s_chars[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ByteOf(char value) => value < s_bytes.Length ? s_bytes[value] : -1;

    /// <summary>The bytes of a token, or null where some character of it stands for no byte.</summary>
    public static byte[]? TryBytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            int value = ByteOf(token[i]);
            if (value < 0)
                return null;
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private static char[] Build()
    {
        char[] chars = new char[256];
        int others = 0;
        for (int b = 0; b < chars.Length; b++)
        {
            bool visible = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            chars[b] = (char)(visible ? b : Others + others++);
        }

        return chars;
    }

    private static short[] Invert()
    {
        short[] bytes = new short[s_chars.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < s_chars.Length; b++)
            bytes[s_chars[b]] = (short)b;
        return bytes;
    }
}
