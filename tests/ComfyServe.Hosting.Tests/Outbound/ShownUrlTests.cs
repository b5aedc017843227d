using ComfyServe.Hosting.Outbound;
using CsCheck;

namespace ComfyServe.Hosting.Tests.Outbound;

public sealed class ShownUrlTests
{
    private static readonly Gen<string> Word = Gen.String[Gen.Char.AlphaNumeric, 1, 12];

    [Theory]
    [InlineData("Request starting HTTP/1.1 GET http://h:1/route/?api_key=SECRET - - -", "Request starting HTTP/1.1 GET http://h:1/route/ - - -")]
    [InlineData("no /route/?api_key=SECRET&x=1 here", "no /route/?api_key=…&x=1 here")]
    [InlineData("'https://user:SECRET@h/a/b?token=SECRET#SECRET' failed", "'https://h/a/b' failed")]
    [InlineData("postgres://u:SECRET@db:5432/x, wss://h/ws?clientId=1", "postgres://db:5432/x, wss://h/ws")]
    [InlineData("a ? b = c :// d", "a ? b = c :// d")]
    [InlineData("steps=20, width=512", "steps=20, width=512")]
    [InlineData("", "")]
    public void Within_Text_HasUrlsAsTheyMayBeShown(string text, string expected) => Assert.Equal(expected, ShownUrl.Within(text));

    [Fact]
    public void Within_AnyUrlInAnyText_ShowsNeitherUserNorQuery() => Gen.Select(Word, Word, Word, Word, Word).Sample(static (before, user, host, path, after) =>
    {
        var shown = ShownUrl.Within($"{before} 'http://{user}:SECRET@{host}.example:80/{path}?api_key=SECRET&x={user}#SECRET' {after} /p?token=SECRET");

        Assert.DoesNotContain("SECRET", shown, StringComparison.Ordinal);
        Assert.Equal($"{before} 'http://{host}.example:80/{path}' {after} /p?token=…", shown);
    });

    [Fact]
    public void Within_LongHostileText_IsQuick()
    {
        foreach (var text in new[] { new string('a', 1_000_000) + "://", string.Concat(Enumerable.Repeat("a://@", 200_000)), "x://" + new string('@', 1_000_000), string.Concat(Enumerable.Repeat("?key=", 200_000)) })
        {
            Assert.NotNull(ShownUrl.Within(text));
        }
    }
}
