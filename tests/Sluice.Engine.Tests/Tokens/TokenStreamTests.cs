using System.Text;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

public sealed class TokenStreamTests
{
    [Fact]
    public void A_character_waits_until_its_last_byte()
    {
        TokenStream stream = TokenizerFile.Load(TokenizerFile.ByteLevel()).Stream();
        Assert.Equal(["hello", "", "", "", "🦙", " world", ""], new[]
        {
            stream.Push(259), stream.Push(0xF0), stream.Push(0x9F), stream.Push(0xA6), stream.Push(0x99), stream.Push(264), stream.Flush(),
        });
    }

    [Fact]
    public void A_character_that_stays_unfinished_is_marked_at_the_end_only()
    {
        TokenStream stream = TokenizerFile.Load(TokenizerFile.ByteLevel()).Stream();
        Assert.Equal("", stream.Push(0xF0) + stream.Push(0x9F));
        Assert.Equal("\uFFFD", stream.Flush());
        Assert.Throws<InvalidOperationException>(() => stream.Push(259));
    }

    [Fact]
    public void Pieces_of_valid_text_are_whole_characters_and_join_to_the_text()
    {
        Tokenizer[] tokenizers = [TokenizerFile.Load(TokenizerFile.ByteLevel()), TokenizerFile.Load(TokenizerFile.SentencePiece())];
        Random random = new(3);
        for (int round = 0; round < 1_000; round++)
        {
            string text = RandomText.Unicode(random, 40).Replace('\u2581', '_').Replace('\uFFFD', '?');
            foreach (Tokenizer tokenizer in tokenizers)
            {
                string[] pieces = Pieces(tokenizer, tokenizer.Encode(text));
                Assert.Equal(text, string.Concat(pieces));
                Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD', StringComparison.Ordinal));
                Assert.All(pieces, piece => Assert.True(!HasLoneSurrogate(piece)));
            }
        }
    }

    [Fact]
    public void Pieces_of_any_ids_join_to_what_decoding_at_once_gives()
    {
        Tokenizer[] tokenizers = [TokenizerFile.Load(TokenizerFile.ByteLevel()), TokenizerFile.Load(TokenizerFile.SentencePiece())];
        Random random = new(4);
        for (int round = 0; round < 4_000; round++)
        {
            foreach (Tokenizer tokenizer in tokenizers)
            {
                int[] ids = new int[random.Next(30)];
                for (int i = 0; i < ids.Length; i++)
                    ids[i] = random.Next(3) == 0 ? random.Next(190, tokenizer.VocabularySize + 2) : random.Next(tokenizer.VocabularySize);
                Assert.Equal(tokenizer.Decode(ids), string.Concat(Pieces(tokenizer, ids)));
            }
        }
    }

    [Fact]
    public void The_space_that_encoding_puts_in_front_is_dropped_once()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.SentencePiece());
        Assert.Equal(["hello", " hello", ""], Pieces(tokenizer, [268, 268]));
        Assert.Equal(["", "", " hello", ""], Pieces(tokenizer, [1, 259, 268]));
        Assert.Equal([" ", "hello", ""], Pieces(tokenizer, [269, 267]));
    }

    private static string[] Pieces(Tokenizer tokenizer, int[] ids)
    {
        TokenStream stream = tokenizer.Stream();
        return [.. ids.Select(stream.Push), stream.Flush()];
    }

    private static bool HasLoneSurrogate(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar)
                return true;
        }

        return false;
    }
}
