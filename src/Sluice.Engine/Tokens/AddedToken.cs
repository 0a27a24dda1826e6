namespace Sluice.Engine.Tokens;

/// <summary>A token outside the model, found in text before the model sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text, not empty.</param>
/// <param name="Special">Left out of decoded text.</param>
/// <param name="Normalized">Found in normalized text, not in the text as written.</param>
/// <param name="SingleWord">Found only where no word character touches it.</param>
/// <param name="StripLeft">Takes the white space before it along.</param>
/// <param name="StripRight">Takes the white space after it along.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized, bool SingleWord, bool StripLeft, bool StripRight)
{
    /// <summary>
    /// Whether it only abbreviates plain text: white space that is not special. Such a token is found in user text, too;
    /// no other is, for a token like a tool-call mark steers the model although files do not call it special.
    /// </summary>
    public bool IsPlain => !Special && Content.All(c => char.IsWhiteSpace(c) || c == '\u2581');

    public static AddedToken Read(JsonField field)
    {
        AddedToken token = new(
            field.Required("id").Number(),
            field.Required("content").Text(),
            field.Flag("special", false),
            field.Flag("normalized", true),
            field.Flag("single_word", false),
            field.Flag("lstrip", false),
            field.Flag("rstrip", false));
        if (token.Id < 0)
            throw field.Required("id").Unsupported("it must not be negative");
        return token.Content.Length > 0 ? token : throw field.Required("content").Unsupported("it must not be empty");
    }
}
