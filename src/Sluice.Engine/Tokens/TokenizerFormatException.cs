namespace Sluice.Engine.Tokens;

/// <summary>A tokenizer file that cannot be used. The message names the file, the field and the value.</summary>
public sealed class TokenizerFormatException : Exception
{
    public TokenizerFormatException(string message)
        : base(message)
    {
    }

    public TokenizerFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
