using System.Net;
using ComfyServe.Hosting.Browsers;

namespace ComfyServe.Hosting.Tests.Browsers;

public sealed class ServedHostsTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:18188", true)]
    [InlineData("localhost.:1", true)]
    [InlineData("a.b.localhost:80", true)]
    [InlineData("127.0.0.1:18188", true)]
    [InlineData("127.9.8.7", true)]
    [InlineData("[::1]:1", true)]
    [InlineData("[::ffff:127.0.0.1]:1", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example:18188", false)]
    [InlineData("notlocalhost", false)]
    [InlineData("192.0.2.7:18188", false)]
    [InlineData("[::2]", false)]
    [InlineData("localhost:1@evil.example", false)]
    [InlineData("evil.example@localhost", false)]
    [InlineData("localhost/", false)]
    [InlineData("[::1", false)]
    [InlineData("", false)]
    [InlineData(":80", false)]
    public void Serves_BoundToLoopback_OnlyNamesOfThisMachine(string host, bool expected) =>
        Assert.Equal(expected, new ServedHosts(IPAddress.Loopback).Serves(host));

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7:18188", true)]
    [InlineData("192.0.2.7", "192.0.2.8:18188", false)]
    [InlineData("192.0.2.7", "localhost", true)]
    [InlineData("192.0.2.7", "gpu.example.org", false)]
    [InlineData("0.0.0.0", "198.51.100.3", true)]
    [InlineData("::", "[2001:db8::1]:18188", true)]
    [InlineData("0.0.0.0", "gpu", false)]
    public void Serves_BoundElsewhere_ItsAddressToo(string bound, string host, bool expected) =>
        Assert.Equal(expected, new ServedHosts(IPAddress.Parse(bound)).Serves(host));

    [Theory]
    [InlineData("gpu.example.org", "GPU.example.org:443", true)]
    [InlineData("gpu.example.org", "gpu.example.org.", true)]
    [InlineData("gpu.example.org", "x.gpu.example.org", false)]
    [InlineData("*.example.org", "gpu.example.org", true)]
    [InlineData("*.example.org", "a.b.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "evilexample.org", false)]
    [InlineData("192.0.2.9", "192.0.2.9:1", true)]
    [InlineData("*", "whatever.example", true)]
    public void Serves_Configured_ThatToo(string name, string host, bool expected) =>
        Assert.Equal(expected, new ServedHosts(IPAddress.Loopback, name).Serves(host));

    [Theory]
    [InlineData("http://gpu.example.org")]
    [InlineData("gpu.example.org:80")]
    [InlineData("*.")]
    [InlineData("a b")]
    [InlineData("*gpu")]
    public void New_OtherForms_AreNamed(string name) => Assert.Contains($"'{name}'", Assert.Throws<FormatException>(() => new ServedHosts(IPAddress.Loopback, name)).Message);
}
