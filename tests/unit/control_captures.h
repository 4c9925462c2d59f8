/* Datagrams that were exchanged by chrony's own client and daemon (4.3, 4.8 and 4.9) on loopback.
 */
#ifndef CHRONOBOX_TESTS_CONTROL_CAPTURES_H
#define CHRONOBOX_TESTS_CONTROL_CAPTURES_H

struct capture {
    const char *name, *request, *reply; /* hex; [N] stands for N zero bytes */
};

static const struct capture captures[] = {
    {"tracking (33 -> reply 5), Unix socket, 4.8 client and daemon", "0601000000210000dff6b786[92]",
     "0602000000210005[8]dff6b786[8]475053[22]01[6]6b02c697229ca4d9e17e672bd69ae782"
     "d6b75dc4c28a48f7bea8d6d6dc863a82f083126fdee577ff0880084a"},
    {"n_sources (14 -> reply 2)", "06010000000e000055262bf6[20]",
     "06020000000e0002[8]55262bf6[11]09"},
    {"source_data (15 -> reply 3): an NTP server, state 'combined'",
     "06010000000f0000a3cfc5d4[11]03[52]",
     "06020000000f0003[8]a3cfc5d4[8]7f00000c[13]010000000200010004[5]ff00000002dce3"
     "18addccfbbbde0ee2114"},
    {"source_data (15 -> reply 3): a reference clock (address field carries the reference ID "
     "'GPS')",
     "06010000000f0000689e2e9c[11]01[52]",
     "06020000000f0003[8]689e2e9c[8]475053[14]0100000002[5]02000000ff00000003e17277"
     "6fe16da033ee831925"},
    {"source_data (15 -> reply 3): unresolved source (address family 3, no samples)",
     "06010000000f0000fbe091d2[11]06[52]",
     "06020000000f0003[8]fbe091d2[11]05[13]030000000600000001[6]ffffffff[12]"},
    {"sourcestats (34 -> reply 6), same NTP server", "060100000022000009b439b4[11]03[60]",
     "0602000000220006[8]09b439b4[8]7f00000c7f00000c[13]01[5]230000001300000061dab8"
     "1139f29c17d8f6e7c3cdd74c65b0e0972e21"},
    {"activity (44 -> reply 12)", "06010000002c00005d12afb6[36]",
     "06020000002c000c[8]5d12afb6[11]06[15]01"},
    {"server_stats, 4.8 form (54 -> reply 25)", "0601000000360000337d4645[184]",
     "0602000000360019[8]337d4645[14]0dc5[15]2e[46]0a08[6]0a1b[6]0a76[14]03bd[6]0dc5"
     "[6]0a08[16]ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {"server_stats, 4.3 form (54 -> reply 24)", "06010000003600007ad85989[60]",
     "0602000000360018[8]7ad85989[10]060f[7]09[18]060f[12]"},
    {"ntpdata, 4.8 form (57 -> reply 26)", "06010000003900006046f84d[8]7f00000c[13]01[134]",
     "060200000039001a[8]6046f84d[8]7f00000c[13]0100007f000001[13]010000528300030401"
     "02e7[8]7f7f0101[4]6b02c65e153b3502dd1ce753e2ec27f6d2fc8f69e8b7b2ac[4]83ff4b4b"
     "000000230000002300000023000000230000002300000023[8]ffffffffffffffffffffffffff"
     "ffffff"},
    {"ntpdata, 4.3 form (57 -> reply 16)", "0601000000390000016ca1ff[8]7f00000c[13]01[114]",
     "0602000000390010[8]016ca1ff[8]7f00000c[13]0100007f000009[13]010000528300030401"
     "02e7[8]7f7f0101[4]6b02c65e153b3502d531d771e28ca901d2fc8f12e894e7fb00cd660e83ff"
     "4b4b0000002c0000002c0000002c0000002cffffffffffffffffffffffff"},
    {"client accesses by index (68 -> reply 21)", "06010000004400002411e7dd[15]08[492]",
     "0602000000440015[8]2411e7dd[11]1000000010000000037f00000e[13]01[4]0205[20]027f"
     "7f7f00000003ffffffffffffffff7f000001[13]01[4]04a5[20]017f7f7f[4]ffffffffffffff"
     "ff7f000009[13]01[4]03db[20]017f7f7f[4]ffffffffffffffff[300]"},
    {"not authorised: server_stats sent over UDP (54 -> reply 1, status 2)",
     "060100000036000047a27fcf[184]", "06020000003600010002[6]47a27fcf[8]"},
    {"not authorised: online sent over UDP (1 -> reply 1, status 2)",
     "06010000000100008bd7d525[48]", "06020000000100010002[6]8bd7d525[8]"},
    {"version skew: 4.3 client, 4.8 daemon, server_stats (54 -> reply 1, status 19)",
     "060100000036000052d2dd3e[60]", "06020000003600010013[6]52d2dd3e[8]"},
    {"version skew: 4.8 client, 4.3 daemon, server_stats (54 -> reply 24)",
     "0601000000360000771a4f15[184]", "0602000000360018[8]771a4f15[19]02[32]"},
    {"auth_data (67 -> reply 20), NTS source", "0601000000430000a464106a[8]7f00000d[13]01[14]",
     "0602000000430014[8]a464106a[9]02000f0000000101[5]0aa200080064[4]"},
    {"select_data (69 -> reply 23)", "06010000004500007f2491e7[11]03[52]",
     "0602000000450017[8]7f2491e7[8]7f00000c7f00000c[13]0100002b01[5]0c000000020480"
     "0000e14f01f1ded76fba"},
    {"ntp_source_name (65 -> reply 19)", "0601000000410000375cb8c6[8]7f00000b[13]01[246]",
     "0602000000410013[8]375cb8c6[8]6e74702d612e6578616d706c65[243]"},
    {"smoothing (51 -> reply 13)", "060100000033000007c7eeb4[40]",
     "060200000033000d[8]07c7eeb4[11]01d8a017d4f9758d06f75c28f604ae2a8b0a97d69a"},
    {"rtcreport without RTC driver (35 -> reply 1, status 13)", "0601000000230000d8d4a7dd[44]",
     "0602000000230001000d[6]d8d4a7dd[8]"},
    {"accheck (25 -> reply 1, status 8)", "060100000019000072aca52e[8]7f000001[13]010000",
     "06020000001900010008[6]72aca52e[8]"},
    {"del_source, unknown address (29 -> reply 1, status 4)",
     "06010000001d00008b836b91[8]c0000201[13]010000", "06020000001d00010004[6]8b836b91[8]"},
    {"settime (11 -> reply 17)", "06010000000b00002b36b6a3[12]6b02c69b[12]",
     "06020000000b0011[8]2b36b6a3[9]d6ac4e[4]c28a48f7"},
    {"manual_list (41 -> reply 18)", "060100000029000035aba55b[404]",
     "0602000000290012[8]35aba55b[11]01[4]6b02c69b[9]d6ac4e[364]"},
    {"add_source (64 -> reply 1)",
     "06010000004000006b9229eb[11]013132372e302e302e3738[248]5283000000060000000a00"
     "000064[7]08[7]04ffffffffffffffff[6]116c06c0[6]0aa0[6]0480[9]01[13]0186a0",
     "0602000000400001[8]6b9229eb[8]"},
    {"4.9 add_source (75 -> reply 1), with options",
     "0601[3]4b00002fe96bad[11]013132372e302e302e3739[248]5283[3]06[3]0a[3]64[7]08[7]"
     "04ffffffffffffffff[3]09[3]04[3]030000116c[3]02[3]0c0280[6]0aa0[3]800000fe80[3]"
     "80000001[3]80010805[32]",
     "06020000004b0001[8]2fe96bad[8]"},
};

#endif
