namespace Sluice.Engine.Templates;

/// <summary>
/// A chat template that cannot be read, asks for what is not supported, refuses the messages, or goes over its budget.
/// The message names the file, the line and the construct; text of messages is left out of it.
/// </summary>
public sealed class TemplateException : Exception
{
    public TemplateException(string where, int line, string what)
        : base(line > 0 ? $"{where}, line {line}: {what}" : $"{where}: {what}")
    {
        Where = where;
        Line = line;
    }

    /// <summary>The file, or whatever else was named when the template was parsed.</summary>
    public string Where { get; }

    /// <summary>The line in the template, from 1; 0 where none is meant.</summary>
    public int Line { get; }
}
