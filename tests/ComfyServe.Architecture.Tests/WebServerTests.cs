using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

public sealed class WebServerTests
{
    /// <summary>Every role's server begins with <c>RoleServer.CreateBuilder</c>: the framework's own builders take settings from, and watch, the working folder.</summary>
    [Fact]
    public void WebApplications_AreBuiltInOnePlace()
    {
        var files = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => File.ReadAllText(file).Contains("WebApplication.Create", StringComparison.Ordinal));

        Assert.Equal("RoleServer.cs", Path.GetFileName(Assert.Single(files)));
    }
}
