using System.Text.Json;
using Sluice.Engine.Templates;
using Xunit;

namespace Sluice.Engine.Tests.Templates;

public sealed class ChatTemplateTests
{
    [Theory]
    [InlineData("a\n{% if x %}", "line 2: the tag 'if' has no 'endif'")]
    [InlineData("a\n\n{{ x", "line 3: an output '{{' without its '}}'")]
    [InlineData("\n{% set x = 1", "line 2: a tag '{%' without its '%}'")]
    [InlineData("{# x", "line 1: a comment '{#' without its '#}'")]
    [InlineData("{{ 'x }}", "line 1: a string without its closing quote")]
    [InlineData("\n{{ x|frobnicate }}", "line 2: the filter 'frobnicate' is not supported")]
    [InlineData("{{ x is divisibleby 3 }}", "line 1: the test 'divisibleby' is not supported")]
    [InlineData("{% include 'x' %}", "line 1: the tag 'include' is not supported")]
    [InlineData("{% import 'os' as os %}", "line 1: the tag 'import' is not supported")]
    [InlineData("{% endif %}", "line 1: the tag 'endif' is not supported here")]
    [InlineData("{% call x() %}{% endcall %}", "line 1: the tag 'call' is not supported")]
    [InlineData("{% break %}", "line 1: 'break' stands outside a loop")]
    [InlineData("{% for a in b %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}", "line 1: 'continue' stands outside a loop")]
    [InlineData("{% for a in b recursive %}{% endfor %}", "line 1: a recursive loop is not supported")]
    [InlineData("{{ f(*a) }}", "line 1: '*' before an argument is not supported")]
    [InlineData("{{ 1 + }}", "line 1: an expression is expected, not '}}'")]
    [InlineData("{{ a b }}", "line 1: '}}' is expected, not 'b'")]
    [InlineData("{{ ) }}", "line 1: ')' closes nothing")]
    [InlineData("{{ a ? b }}", "line 1: the character U+003F means nothing in a tag")]
    [InlineData("{{ 99999999999999999999 }}", "line 1: an integer does not fit in 64 bits")]
    [InlineData("{% set true = 1 %}", "line 1: 'true' cannot be set")]
    [InlineData("{{ '\\N{DASH}' }}", "line 1: the escape '\\N' is not supported")]
    public void A_broken_template_is_refused_with_its_line(string source, string what)
    {
        TemplateException refusal = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "chat_template.jinja"));

        Assert.StartsWith("chat_template.jinja, " + what, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n{{ nope.x }}", "line 2: undefined ('nope') has no attribute 'x'")]
    [InlineData("{{ nope() }}", "line 1: nope is no function, macro or method")]
    [InlineData("{{ messages.append(1) }}", "line 1: append is no function, macro or method")]
    [InlineData("{{ ''.__class__.__mro__ }}", "line 1: undefined (the attribute '__class__' of a string) has no attribute '__mro__'")]
    [InlineData("{{ messages.__class__.x }}", "line 1: undefined (the attribute '__class__' of a list) has no attribute 'x'")]
    [InlineData("{{ range.__globals__.x }}", "line 1: undefined (the attribute '__globals__' of a function) has no attribute 'x'")]
    [InlineData("{{ range }}", "line 1: a function cannot be printed")]
    [InlineData("{{ 1 + 'a' }}", "line 1: '+' is not for an integer and a string")]
    [InlineData("{{ '%s' % 'a' }}", "line 1: '%' is not for a string and a string")]
    [InlineData("{{ 1 < 'a' }}", "line 1: an integer and a string have no order")]
    [InlineData("{% for a in 3 %}{% endfor %}", "line 1: an integer has no elements")]
    [InlineData("{% for a, b in [(1, 2, 3)] %}{% endfor %}", "line 1: 2 names are given 3 values")]
    [InlineData("{% set x = 1 %}{% set x.y = 2 %}", "line 1: 'x' is no namespace")]
    [InlineData("{{ 'a'|trim('b', 'c') }}", "line 1: the filter trim takes at most 1 arguments, not 2")]
    [InlineData("{{ 'a'|upper(x=1) }}", "line 1: the filter upper has no argument x")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "line 1: m takes at most 1 arguments, not 2")]
    [InlineData("{{ messages[0].content.rsplit('x') }}", "line 1: rsplit is no function, macro or method")]
    [InlineData("{{ messages[0].content.split('x', 1, 2, 3) }}", "line 1: split takes at most")]
    [InlineData("{{ {[]: 1} }}", "line 1: a list cannot be a key")]
    [InlineData("{{ [1, 'a']|sort }}", "line 1: an integer and a string have no order")]
    [InlineData("{{ nope|tojson }}", "line 1: undefined ('nope') cannot be written as JSON")]
    [InlineData("{{ strftime_now('%Q') }}", "line 1: strftime_now knows no '%Q'")]
    [InlineData("{{ 'a'.replace('', 'b') }}", "line 1: replace takes a text to look for that is not empty")]
    [InlineData("{{ [1][::0] }}", "line 1: a slice has the step 0")]
    [InlineData("{{ raise_exception('no\nway') }}", "line 1: the template refuses: no\nway")]
    public void A_template_that_fails_on_its_input_says_where(string source, string what)
    {
        TemplateException refusal = Assert.Throws<TemplateException>(
            () => ChatTemplate.Parse(source, "chat_template.jinja").Render([new("user", "a")], new TemplateOptions()));

        Assert.StartsWith("chat_template.jinja, " + what, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_content_has_no_member_of_that_name()
    {
        ChatTemplate template = ChatTemplate.Parse("[{{ messages[0].content }}|{{ 'content' in messages[0] }}]", "test");
        using JsonDocument without = JsonDocument.Parse("""{"role":"assistant","tool_calls":[]}"""), empty = JsonDocument.Parse("""{"role":"assistant","content":null}""");
        Assert.Equal("[|False]", Text(without));
        Assert.Equal("[None|True]", Text(empty));

        string Text(JsonDocument message) => string.Concat(template.Render([TemplateMessage.FromJson(message.RootElement, "messages[0]")], new TemplateOptions()).Select(segment => segment.Text));
    }

    [Fact]
    public void A_name_has_a_longest_length()
    {
        TemplateException refusal = Assert.Throws<TemplateException>(() => ChatTemplate.Parse($"{{{{ {new string('a', 257)} }}}}", "test"));
        Assert.Equal("test, line 1: a name has at most 256 characters, not 257", refusal.Message);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_at_the_edge_and_in_the_prompt()
    {
        TemplateException atTheEdge = Assert.Throws<TemplateException>(
            () => ChatTemplate.Parse("x", "test").Render([new("user", "ab\ud83d")], new TemplateOptions()));
        Assert.Equal("messages[0].content: not valid Unicode: half a surrogate pair at index 2", atTheEdge.Message);
        Assert.Throws<TemplateException>(() => ChatTemplate.Parse("{{ '\\ud83d' }}", "test").Render([], new TemplateOptions()));
    }

    [Fact]
    public void An_argument_cannot_take_the_name_of_a_variable_of_every_template()
    {
        JsonElement value = JsonDocument.Parse("[]").RootElement;
        foreach (string name in (string[])["messages", "bos_token", "raise_exception", "tools"])
        {
            TemplateOptions options = new() { Arguments = new Dictionary<string, JsonElement> { [name] = value } };
            Assert.Throws<TemplateException>(() => ChatTemplate.Parse("x", "test").Render([], options));
        }
    }

    [Theory]
    [InlineData("[]", "messages[3]: a message is an object, not Array")]
    [InlineData("{}", "messages[3].role: a message has a role, a string")]
    [InlineData("""{"role": 1}""", "messages[3].role: a message has a role, a string")]
    [InlineData("""{"role": "user", "content": 5}""", "messages[3].content: content is a string, null or a list of parts, not Number")]
    [InlineData("""{"role": "user", "content": "\ud800"}""", "messages[3].content: a string is not valid Unicode")]
    public void A_message_of_a_wrong_shape_names_its_field(string json, string error)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(error, Assert.Throws<TemplateException>(() => TemplateMessage.FromJson(document.RootElement, "messages[3]")).Message);
    }
}
