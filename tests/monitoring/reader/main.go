// reader asks a chronyd with the library that the exporters of monitoring systems are built on, and prints what it
// read in the form of chronyc -c, so that the two can be compared.
//
//	reader PATH | reader ADDRESS:PORT
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/facebook/time/ntp/chrony"
)

const patience = 5 * time.Second

func fail(what string, err error) {
	fmt.Printf("%s: %v\n", what, err)
	os.Exit(1)
}

// As exporters do it: a socket of our own in the daemon's folder, that it can write to.
func connect(where string) (io.ReadWriter, func()) {
	if where[0] != '/' {
		connection, err := net.Dial("udp", where)
		if err != nil {
			fail("dial", err)
		}
		connection.SetDeadline(time.Now().Add(patience))
		return connection, func() { connection.Close() }
	}
	own := filepath.Join(filepath.Dir(where), fmt.Sprintf("reader.%d.sock", os.Getpid()))
	connection, err := net.DialUnix("unixgram", &net.UnixAddr{Name: own, Net: "unixgram"},
		&net.UnixAddr{Name: where, Net: "unixgram"})
	if err != nil {
		fail("dial", err)
	}
	if err := os.Chmod(own, 0666); err != nil {
		fail("chmod", err)
	}
	connection.SetDeadline(time.Now().Add(patience))
	return connection, func() { connection.Close(); os.Remove(own) }
}

func ask[reply chrony.ResponsePacket](client *chrony.Client, request chrony.RequestPacket) reply {
	response, err := client.Communicate(request)
	if err != nil {
		fail(fmt.Sprintf("%T", request), err)
	}
	answer, ok := response.(reply)
	if !ok {
		fail(fmt.Sprintf("%T", request), fmt.Errorf("answered with %T", response))
	}
	return answer
}

func seconds(t time.Time) string {
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

func letter(letters string, index int) string {
	if index < len(letters) {
		return letters[index : index+1]
	}
	return " "
}

func readTracking(client *chrony.Client) {
	t := ask[*chrony.ReplyTracking](client, chrony.NewTrackingPacket())
	fmt.Printf("tracking,%08X,%s,%d,%s,%.9f,%.9f,%.9f,%.3f,%.3f,%.3f,%.9f,%.9f,%.1f,%d\n", t.RefID, t.IPAddr, t.Stratum,
		seconds(t.RefTime), t.CurrentCorrection, t.LastOffset, t.RMSOffset, t.FreqPPM, t.ResidFreqPPM, t.SkewPPM,
		t.RootDelay, t.RootDispersion, t.LastUpdateInterval, t.LeapStatus)
}

func readSource(client *chrony.Client, index int32) {
	s := ask[*chrony.ReplySourceData](client, chrony.NewSourceDataPacket(index))
	fmt.Printf("sources,%s,%s,%s,%d,%d,%o,%d,%.9f,%.9f,%.9f\n", letter("^=#", int(s.Mode)),
		letter("*?x~+-", int(s.State)), s.IPAddr, s.Stratum, s.Poll, s.Reachability, s.SinceSample, s.LatestMeas,
		s.OrigLatestMeas, s.LatestMeasErr)
	t := ask[*chrony.ReplySourceStats](client, chrony.NewSourceStatsPacket(index))
	fmt.Printf("sourcestats,%s,%d,%d,%d,%.3f,%.3f,%.9f,%.9f\n", t.IPAddr, t.NSamples, t.NRuns, t.SpanSeconds,
		t.ResidFreqPPM, t.SkewPPM, t.EstimatedOffset, t.StandardDeviation)
	d := ask[*chrony.ReplySelectData](client, chrony.NewSelectDataPacket(index))
	fmt.Printf("selectdata,%c,%s,%d,%d,%d,%d,%.1f,%.9f,%.9f,%d\n", d.StateChar, d.IPAddr, d.Authentication, d.ConfOptions,
		d.EFFOptions, d.LastSampleAgo, d.Score, d.LoLimit, d.HiLimit, d.Leap)
	if s.IPAddr.ToNetIP() == nil {
		return
	}
	n := ask[*chrony.ReplyNTPData2](client, chrony.NewNTPDataPacket(s.IPAddr))
	// Its last four counters are one to the left: the first is of good packets.
	fmt.Printf("ntpdata,%s,%d,%s,%d,%d,%d,%d,%d,%d,%.6f,%.6f,%08X,%s,%.9f,%.9f,%.9f,%.9f,%.2f,%010b,%c,%c,%d,%d,%d,%d,%d,%d,%d\n",
		n.RemoteAddr, n.RemotePort, n.LocalAddr, n.Leap, n.NTPData.Version, n.Mode, n.Stratum, n.Poll, n.Precision, n.RootDelay,
		n.RootDispersion, n.RefID, seconds(n.RefTime), n.Offset, n.PeerDelay, n.PeerDispersion, n.ResponseTime,
		n.JitterAsymmetry, n.Flags&chrony.NTPFlagsTests, n.TXTssChar, n.RXTssChar, n.TotalTXCount, n.TotalRXCount,
		n.TotalValidCount, n.TotalKernelTXts, n.TotalKernelRXts, n.TotalHWTXts, n.TotalHWRXts)
	fmt.Printf("sourcename,%s\n", ask[*chrony.ReplyNTPSourceName](client, chrony.NewNTPSourceNamePacket(s.IPAddr)).Name)
}

func readClients(client *chrony.Client) {
	for first := uint32(0); ; {
		c := ask[*chrony.ReplyClientAccessesByIndex](client, chrony.NewClientAccessesByIndexPacket(first, 8, 0))
		for _, one := range c.Clients {
			fmt.Printf("clients,%s,%d,%d,%d,%d\n", one.IPAddr, one.NTPHits, one.NTPDrops, one.NTPInterval, one.NTPTimeoutInterval)
		}
		if c.NextIndex >= c.NIndices || c.NClients < 8 {
			return
		}
		first = c.NextIndex
	}
}

func main() {
	if len(os.Args) != 2 {
		fail("usage", fmt.Errorf("reader PATH | reader ADDRESS:PORT"))
	}
	connection, end := connect(os.Args[1])
	defer end()
	client := &chrony.Client{Connection: connection, Sequence: 1}
	readTracking(client)
	for i, n := 0, ask[*chrony.ReplySources](client, chrony.NewSourcesPacket()).NSources; i < n; i++ {
		readSource(client, int32(i))
	}
	a := ask[*chrony.ReplyActivity](client, chrony.NewActivityPacket())
	fmt.Printf("activity,%d,%d,%d,%d,%d\n", a.Online, a.Offline, a.BurstOnline, a.BurstOffline, a.Unresolved)
	s := ask[*chrony.ReplyServerStats4](client, chrony.NewServerStatsPacket())
	fmt.Printf("serverstats,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d\n", s.NTPHits, s.NTPDrops, s.CMDDrops, s.LogDrops,
		s.NKEHits, s.NKEDrops, s.NTPAuthHits, s.NTPInterleavedHits, s.NTPTimestamps, s.NTPSpanSeconds,
		s.NTPDaemonRxtimestamps, s.NTPDaemonTxtimestamps, s.NTPKernelRxtimestamps, s.NTPKernelTxtimestamps,
		s.NTPHwRxTimestamps, s.NTPHwTxTimestamps)
	readClients(client)
}
