using System.Text.Json;

namespace Sluice.Engine.Templates;

/// <summary>Strings out of JSON.</summary>
internal static class JsonText
{
    /// <exception cref="TemplateException">An escape stands for half a surrogate pair, or bytes are no UTF-8.</exception>
    public static string Of(JsonElement text, string field)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(field);
        }
    }

    /// <inheritdoc cref="Of"/>
    public static string NameOf(JsonProperty property, string field)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(field);
        }
    }

    private static TemplateException NotUnicode(string field) => new(field, 0, "a string is not valid Unicode");
}
