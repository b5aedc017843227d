namespace ComfyServe.Cli.Tests;

public sealed class WorkerVerbTests
{
    [Fact]
    public void Settings_SeveralMistakes_NamesEachOnce()
    {
        var error = Assert.Throws<UsageException>(static () => WorkerVerb.Settings(static name => name == "CONTAINER_ID" ? "x" : null));

        var mistakes = error.Message.Split(Environment.NewLine);
        Assert.Equal(["'CONTAINER_ID'", "'MASTER_TOKEN'", "'REPORT_ADDR'"], mistakes.Select(static m => m.Split(' ')[0]));
    }

    [Fact]
    public void Settings_PlaceOfAGateway_IsEnough()
    {
        var options = WorkerVerb.Settings(static name => name switch
        {
            "CONTAINER_ID" => "7",
            "MASTER_TOKEN" => "cw_x",
            "REPORT_ADDR" => "http://gateway:8080",
            _ => null,
        });

        Assert.Equal((7, "http://gateway:8080/", 3000), (options.Id, options.Gateways[0].AbsoluteUri, options.Port));
    }
}
