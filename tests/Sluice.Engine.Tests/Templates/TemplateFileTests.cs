using Sluice.Engine.Templates;
using Xunit;

namespace Sluice.Engine.Tests.Templates;

public sealed class TemplateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-template-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_without_a_template_has_none()
    {
        Assert.Null(ChatTemplate.Load(_folder));
        Write("tokenizer_config.json", "{}");
        Assert.Null(ChatTemplate.Load(_folder));
        Write("tokenizer_config.json", """{"chat_template": null}""");
        Assert.Null(ChatTemplate.Load(_folder));
    }

    [Fact]
    public void The_template_of_its_own_file_comes_first()
    {
        Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Assert.Equal("config", Rendered());
        Write("chat_template.jinja", "own");
        Assert.Equal("own", Rendered());
    }

    [Fact]
    public void Of_a_list_the_default_is_taken()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]}""");
        Assert.Equal("b", Rendered());
    }

    [Theory]
    [InlineData("""{"chat_template": [{"name": "tool_use", "template": "a"}]}""", "tokenizer_config.json: chat_template is a list without a template named default")]
    [InlineData("""{"chat_template": 5}""", "tokenizer_config.json: chat_template is a string or a list of named templates, not Number")]
    [InlineData("{\n\"chat_template\": }", "tokenizer_config.json, line 2: the file is no JSON")]
    [InlineData("[]", "tokenizer_config.json: the file holds no JSON object")]
    [InlineData("""{"chat_template": "\ud800"}""", "tokenizer_config.json: a string is not valid Unicode")]
    [InlineData("""{"chat_template": "a\n{{"}""", "tokenizer_config.json chat_template, line 2: an output '{{' without its '}}'")]
    public void A_broken_file_is_named(string json, string error)
    {
        Write("tokenizer_config.json", json);
        Assert.Equal(error, Assert.Throws<TemplateException>(() => ChatTemplate.Load(_folder)).Message);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private string Rendered() => ChatTemplate.Load(_folder)!.Render([], new TemplateOptions()).Single().Text;
}
