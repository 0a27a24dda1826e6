using System.Text;

namespace Sluice.Service.Models;

/// <summary>What <c>--engine stub</c> serves: no files; a token is a UTF-8 byte, id = byte + 1, and 0 begins a prompt.</summary>
internal static class StubModel
{
    public const string Name = "stub";
    public const int ContextLength = 32_768;
    public const int BeginId = 0;
    public const int VocabularySize = 257;

    public static ServedModel Create() => new()
    {
        Name = Name,
        Revision = "stub-v1",
        ContextLength = ContextLength,
        VocabularySize = VocabularySize,
        EncodePrompt = text => Encode(text, begin: 1),
        EncodeChoice = text => Encode(text, begin: 0),
    };

    private static int[] Encode(string text, int begin)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int[] ids = new int[begin + bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            ids[begin + i] = bytes[i] + 1;
        }
        return ids;
    }
}
