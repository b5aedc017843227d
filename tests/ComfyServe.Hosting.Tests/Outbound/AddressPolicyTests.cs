using System.Net;
using ComfyServe.Hosting.Outbound;

namespace ComfyServe.Hosting.Tests.Outbound;

public sealed class AddressPolicyTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.10")]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("192.0.0.192")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2001::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void IsPublic_InternalAddress_IsNot(string address) => Assert.False(AddressPolicy.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.15.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.63.0.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    public void IsPublic_PublicAddress_Is(string address) => Assert.True(AddressPolicy.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void IsAllowed_OpenedHostAddressOrNetwork_Is()
    {
        var policy = new AddressPolicy(["files.internal", "10.1.0.0/16", "192.168.1.7"]);

        Assert.True(policy.IsAllowed("FILES.internal", IPAddress.Parse("10.9.9.9")));
        Assert.True(policy.IsAllowed("other", IPAddress.Parse("10.1.2.3")));
        Assert.True(policy.IsAllowed("other", IPAddress.Parse("::ffff:192.168.1.7")));
        Assert.False(policy.IsAllowed("other", IPAddress.Parse("10.2.0.1")));
        Assert.True(new AddressPolicy(["*"]).IsAllowed("x", IPAddress.Loopback));
    }

    [Theory]
    [InlineData("10.0.0.0/99")]
    [InlineData("http://host")]
    [InlineData("")]
    public void New_BadEntry_SaysWhich(string entry) =>
        Assert.Contains($"'{entry}'", Assert.Throws<FormatException>(() => new AddressPolicy([entry])).Message, StringComparison.Ordinal);
}
