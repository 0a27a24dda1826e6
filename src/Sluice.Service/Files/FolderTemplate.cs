using Sluice.Engine.Templates;

namespace Sluice.Service.Files;

/// <summary>A folder's chat template, if it has one that can be read: who asks for no chat is not stopped by a broken one.</summary>
/// <param name="Template">Null where there is none, or <paramref name="Fault"/> says why it cannot be used.</param>
/// <param name="Fault">What is wrong with it.</param>
internal sealed record FolderTemplate(ChatTemplate? Template, string? Fault)
{
    public static FolderTemplate Load(string folder)
    {
        try
        {
            return new FolderTemplate(ChatTemplate.Load(folder), null);
        }
        catch (TemplateException fault)
        {
            return new FolderTemplate(null, $"the model's chat template cannot be used: {fault.Message}");
        }
    }
}
